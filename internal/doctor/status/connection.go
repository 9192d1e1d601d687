package status

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

func (o *observation) nameUnknown() *doctor.Finding {
	var dns *net.DNSError
	if !errors.As(o.err, &dns) {
		return nil
	}
	message := "Host name " + truncate(o.target().Host()) + " could not be resolved."
	if dns.IsNotFound {
		message = "Host name " + truncate(o.target().Host()) + " does not exist."
	}
	return &doctor.Finding{
		Message:  message,
		Evidence: []doctor.Evidence{{Name: "resolver error", Value: truncate(dns.Err)}},
		Fix:      []string{"correct the host in the target; nginx on the same machine or in the same pod is at 127.0.0.1"},
	}
}

func (o *observation) socketDenied() *doctor.Finding {
	if !o.isSocket() || !errors.Is(o.err, os.ErrPermission) {
		return nil
	}
	path := o.target().Socket()
	f := &doctor.Finding{
		Message:  "The exporter has no permission to open " + path + ".",
		Evidence: []doctor.Evidence{{Name: "running as", Value: fmt.Sprintf("user %d, group %d", os.Getuid(), os.Getgid())}},
		Fix: []string{
			"run the exporter with a group that may write to the socket, or chmod the socket after nginx starts; the directories above it need execute permission",
			"in a pod, set the same runAsUser for both containers, or add the group of nginx to the exporter",
		},
	}
	if info, err := os.Stat(path); err == nil {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "socket", Value: info.Mode().String() + ", " + owner(info)})
	}
	return f
}

func (o *observation) socketOther() *doctor.Finding {
	path := o.target().Socket()
	info, err := os.Stat(path)
	if !o.isSocket() || o.connected() || err != nil || info.Mode().Type() == os.ModeSocket {
		return nil
	}
	return &doctor.Finding{
		Message:  path + " is not a socket.",
		Evidence: []doctor.Evidence{{Name: "file mode", Value: info.Mode().String()}},
		Fix:      []string{"set the target to the socket: unix:/PATH/TO.sock:" + o.target().Path()},
	}
}

func (o *observation) nginxUnreachable() *doctor.Finding {
	if o.http != nil || o.isSocket() {
		return nil
	}
	f := &doctor.Finding{Fix: []string{"check the address, and what may drop packets: firewalls, NetworkPolicies, security groups"}}
	switch {
	case errors.Is(o.err, syscall.EHOSTUNREACH), errors.Is(o.err, syscall.ENETUNREACH), errors.Is(o.err, syscall.EADDRNOTAVAIL):
		f.Message = "There is no route to " + o.hostPort() + "."
	case o.reason() == client.ReasonTimeout && !o.acceptsConnections():
		f.Message = "There is no response from " + o.hostPort() + ", not even a refused connection."
	default:
		return nil
	}
	return f
}

// acceptsConnections reports whether a TCP connection can be established.
func (o *observation) acceptsConnections() bool {
	conn, err := (&net.Dialer{Timeout: trialTimeout}).DialContext(o.ctx, "tcp", o.hostPort())
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was written
	return true
}

func (o *observation) proxyProtocolExpected() *doctor.Finding {
	if o.options.ProxyProtocol {
		return nil
	}
	return o.toggleProxyProtocol("with PROXY protocol", "nginx expects a PROXY protocol header (listen ... proxy_protocol), and the exporter sends none.")
}

func (o *observation) proxyProtocolUnexpected() *doctor.Finding {
	if !o.options.ProxyProtocol {
		return nil
	}
	f := o.toggleProxyProtocol("without PROXY protocol", "The exporter sends a PROXY protocol header, and nginx does not expect one.")
	if f != nil && o.FromFile {
		f.Fix = []string{"set proxy_protocol: false for this target in --config.file"}
	} else if f != nil {
		f.Fix = []string{"remove --nginx.proxy-protocol and the variable PROXY_PROTOCOL"}
	}
	return f
}

// toggleProxyProtocol makes a trial with the header if there was none, or without
// it. A response other than 400 shows that this was the cause.
func (o *observation) toggleProxyProtocol(trial, message string) *doctor.Finding {
	if !o.connected() || o.http != nil && o.code() != http.StatusBadRequest {
		return nil
	}
	options := o.options
	options.ProxyProtocol = !options.ProxyProtocol
	r := o.try(options)
	tried := []doctor.Evidence{r.evidence(trial)}
	if r.wantsTLS() && !o.wantsTLS() {
		if overTLS, ok := o.at(o.uri("https", o.target().Host())); ok {
			overTLS.ProxyProtocol = options.ProxyProtocol
			options, r = overTLS, o.try(overTLS)
			tried = append(tried, r.evidence("with PROXY protocol over TLS"))
		}
	}
	if !r.healthy() && (r.http == nil || r.code() == http.StatusBadRequest) {
		return nil
	}
	return &doctor.Finding{Message: message, Evidence: tried, Fix: o.settings(&options)}
}

func (o *observation) nginxSlow() *doctor.Finding {
	if o.reason() != client.ReasonTimeout {
		return nil
	}
	const more = 3 * time.Second
	options := o.options
	options.Timeout += more
	r := request(o.ctx, options, options.Timeout)
	if !r.healthy() {
		return nil
	}
	const margin = 2
	wanted := ((r.elapsed * margin).Round(time.Second) + time.Second).String()
	return &doctor.Finding{
		Message:  fmt.Sprintf("nginx responds after %s, and the exporter waits only %s.", r.elapsed.Round(time.Millisecond), o.options.Timeout),
		Evidence: []doctor.Evidence{r.evidence("with a longer timeout")},
		Fix: []string{
			"set " + o.setting("--nginx.timeout="+wanted, "timeout: "+wanted) + ", if the scrape timeout of Prometheus is longer",
			"or find out what keeps nginx busy",
		},
	}
}

func (o *observation) nginxHangs() *doctor.Finding {
	if o.reason() != client.ReasonTimeout {
		return nil
	}
	return &doctor.Finding{
		Message: fmt.Sprintf("The connection is accepted, but there is no response within %s.", o.options.Timeout),
		Fix:     []string{"check the server: stopped or blocked workers of nginx, exhausted worker_connections, or another program on this port"},
	}
}

// malformed reports whether the response is not HTTP/1.1.
func (o *observation) malformed() bool {
	return o.http == nil && o.reason() == client.ReasonNetwork && strings.Contains(o.err.Error(), "malformed")
}

func (o *observation) http2Only() *doctor.Finding {
	if !o.malformed() || !client.IsHTTP2(o.err) {
		return nil
	}
	return &doctor.Finding{
		Message:  "nginx accepts only HTTP/2 on this port, and the exporter uses HTTP/1.1.",
		Evidence: o.http2Listens(),
		Fix: []string{
			"remove http2 from every listen directive of this address, since one enables it for all servers there; then run: " + reloadNginx,
			"or serve the status page on another port, from the server printed by: " + o.newServerCommand(),
			"or upgrade nginx to 1.25.1 or later, where both versions of HTTP work on one port",
		},
	}
}

// http2Listens lists the listen directives that enable HTTP/2 at the target.
func (o *observation) http2Listens() []doctor.Evidence {
	nginx := o.localNginx()
	if nginx == nil {
		return nil
	}
	var found []doctor.Evidence
	for _, s := range nginx.servers {
		for _, l := range s.listens {
			if l.HTTP2 && accepts(l, o.target()) && len(found) < maxTrials {
				found = append(found, doctor.Evidence{Name: "listen " + l.String() + " http2", Value: s.file})
			}
		}
	}
	return found
}

// connectionClosed comes after the judges that try what nginx might expect.
func (o *observation) connectionClosed() *doctor.Finding {
	if !o.closed() {
		return nil
	}
	return &doctor.Finding{
		Message:  "The connection is accepted and closed without a response.",
		Evidence: []doctor.Evidence{{Name: "tried", Value: "TLS, PROXY protocol, other Host headers: no change"}},
		Fix:      []string{"look for \"return 444\" in the server of nginx for this address, and check the error log of nginx"},
	}
}
