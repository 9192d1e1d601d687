package status

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxTrials  = 8               // of one kind
	searchTime = 4 * time.Second // for all usual places together
)

// usualPaths are common paths of a status page.
func usualPaths() []string {
	return []string{"/stub_status", "/nginx_status", "/basic_status", "/status", "/nginx/status", "/nginx-status", "/server-status", "/api", "/status/format/json"}
}

// searchPaths searches the status page at other paths of the same server.
func (o *observation) searchPaths() *alternative {
	if o.http == nil {
		return nil
	}
	paths := usualPaths()
	for _, l := range o.configured() {
		if l.path != "" && len(paths) < 2*maxTrials && !slices.Contains(paths, l.path) {
			paths = append(paths, l.path)
		}
	}
	for _, path := range paths {
		if other := o.tryPath(path); other != nil {
			return other
		}
	}
	return nil
}

// searchAddresses searches the status page at the same port of other addresses
// of this machine: the other loopback address and those of its network.
func (o *observation) searchAddresses() *alternative {
	if o.isSocket() || !o.isLocal() {
		return nil
	}
	scheme := "http"
	if o.target().TLS() {
		scheme = "https"
	}
	hosts := []string{"127.0.0.1", "::1"}
	all, _ := listeners(o.machine.Proc)
	for _, a := range all {
		if strconv.Itoa(int(a.Port())) == o.target().Port() && !a.Addr().IsUnspecified() && len(hosts) < maxTrials {
			hosts = append(hosts, a.Addr().String())
		}
	}
	for _, host := range hosts {
		options, ok := o.at(o.uri(scheme, host))
		if !ok || host == o.target().Host() {
			continue
		}
		if r := o.try(options); r.healthy() {
			return &alternative{response: r}
		}
	}
	return nil
}

// searchServers searches the status page at other ports and sockets of this
// machine: those in the configuration of nginx, then the usual ones.
func (o *observation) searchServers() *alternative {
	if !o.isLocal() {
		return nil
	}
	if found := o.searchConfigured(); found != nil {
		return found
	}
	return o.searchUsual()
}

// searchConfigured tries the status pages in the configuration of nginx.
func (o *observation) searchConfigured() *alternative {
	for i, l := range o.configured() {
		if i == maxTrials {
			return nil
		}
		options, ok := o.at(l.uri())
		if l.path == "" || !ok || options.Target.Key() == o.target().Key() {
			continue
		}
		options.ProxyProtocol, options.Host = l.listen.ProxyProtocol, l.host()
		if r := o.try(options); r.healthy() {
			return &alternative{r, l.file}
		}
	}
	return nil
}

// searchUsual tries the usual sockets and ports, all at the same time.
func (o *observation) searchUsual() *alternative {
	ctx, cancel := context.WithTimeout(o.ctx, searchTime)
	defer cancel()
	servers := append(o.usualSockets(), o.usualPorts()...)
	results := make([]chan *response, len(servers))
	for i, server := range servers {
		results[i] = make(chan *response, 1)
		go func() { results[i] <- o.tryUsualPaths(ctx, server) }()
	}
	var found *alternative
	for _, result := range results { // all of them, so that no request outlives the report
		if r := <-result; found == nil && r != nil {
			found = &alternative{response: r}
			cancel()
		}
	}
	return found
}

// tryUsualPaths tries the usual paths of a server, given as a target without a
// path.
func (o *observation) tryUsualPaths(ctx context.Context, server string) *response {
	for _, path := range append([]string{o.target().Path()}, usualPaths()...) {
		options, ok := o.at(server + path)
		if !ok || options.Target.Key() == o.target().Key() {
			continue
		}
		options.ProxyProtocol, options.Host = false, ""
		r := request(ctx, options, trialTimeout)
		if r.wantsTLS() {
			return o.tryUsualPaths(ctx, strings.Replace(server, "http://", "https://", 1))
		}
		if r.healthy() {
			return r
		}
		if r.http == nil {
			return nil // not an HTTP server
		}
	}
	return nil
}

// usualSockets lists the usual sockets that exist, as targets.
func (e *examiner) usualSockets() []string {
	var servers []string
	for _, pattern := range e.machine.Sockets {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().Type() == os.ModeSocket && len(servers) < maxTrials {
				servers = append(servers, "unix:"+path+":")
			}
		}
	}
	return servers
}

// usualPorts lists the usual ports on which a program listens, or may listen, as
// targets.
func (e *examiner) usualPorts() []string {
	all, known := listeners(e.machine.Proc)
	var servers []string
	for _, port := range e.machine.Ports {
		number := strconv.Itoa(port)
		if e.isOwnPort(number) {
			continue
		}
		for _, host := range []string{"127.0.0.1", "::1"} {
			if !known || slices.ContainsFunc(all, func(a netip.AddrPort) bool {
				return int(a.Port()) == port && (a.Addr().IsUnspecified() || a.Addr().String() == host)
			}) {
				servers = append(servers, "http://"+net.JoinHostPort(host, number))
			}
		}
	}
	return servers
}
