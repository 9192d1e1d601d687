package status

import (
	"net"
	"net/netip"
	"strconv"
	"sync"

	"nginx-exporter/client"
)

// observation is what is known of one target: the response to the exporter's
// own request, and status pages found at other addresses. The search runs when a
// judge first needs its result.
type observation struct {
	*response
	*examiner

	symptom      func() *symptom
	otherPath    func() *alternative // of the same server
	otherAddress func() *alternative // of this machine, same port
	otherServer  func() *alternative // another port or socket of this machine
}

// alternative is a status page that was found at another address.
type alternative struct {
	*response
	file string // of the configuration of nginx, if it was found there
}

func (e *examiner) observe(options client.Options) *observation {
	o := &observation{response: request(e.ctx, options, maxFirstTimeout), examiner: e}
	o.symptom = sync.OnceValue(o.describe)
	o.otherPath = sync.OnceValue(o.searchPaths)
	o.otherAddress = sync.OnceValue(o.searchAddresses)
	o.otherServer = sync.OnceValue(o.searchServers)
	return o
}

// try makes a trial request.
func (o *observation) try(options client.Options) *response {
	return request(o.ctx, options, trialTimeout)
}

// tryPath tries another path of the same server. It returns nil if there is no
// status page.
func (o *observation) tryPath(path string) *alternative {
	if path == o.target().Path() {
		return nil
	}
	options := o.options
	options.Target = options.Target.At(path)
	if r := o.try(options); r.healthy() {
		return &alternative{response: r}
	}
	return nil
}

// at returns the options for the target at another address. Credentials are not
// sent to another server.
func (o *observation) at(uri string) (client.Options, bool) {
	options, err := o.TargetOptions(uri)
	if err != nil {
		return options, false
	}
	own := o.options
	options.Mode, options.Host, options.ProxyProtocol, options.Timeout = own.Mode, own.Host, own.ProxyProtocol, own.Timeout
	return options, true
}

// uri is the URI of the target with another scheme or host.
func (o *observation) uri(scheme, host string) string {
	return scheme + "://" + net.JoinHostPort(host, o.target().Port()) + o.target().Path()
}

// hostPort is the address of a TCP target.
func (o *observation) hostPort() string {
	return net.JoinHostPort(o.target().Host(), o.target().Port())
}

// path is the path of the target, shortened for messages.
func (o *observation) path() string { return truncate(o.target().Path()) }

func (o *observation) isSocket() bool { return o.target().Socket() != "" }

// isLocal reports whether the target is on this machine or in this pod.
func (o *observation) isLocal() bool { return o.isSocket() || isLoopback(o.target().Host()) }

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// inPod reports whether this is a container of Kubernetes.
func (e *examiner) inPod() bool { return e.machine.Env("KUBERNETES_SERVICE_HOST") != "" }

// isOwnPort reports whether the exporter listens on the port.
func (e *examiner) isOwnPort(port string) bool {
	for _, listen := range e.Listen {
		if _, own, err := net.SplitHostPort(listen); err == nil && own == port {
			return true
		}
	}
	return false
}

// localNginx is the nginx binary of this machine, nil if there is none or the
// target is on another machine.
func (o *observation) localNginx() *nginxBinary {
	if !o.isLocal() {
		return nil
	}
	return o.nginx()
}

// configured lists the status pages in the configuration of nginx.
func (o *observation) configured() []location {
	if nginx := o.localNginx(); nginx != nil {
		return nginx.locations
	}
	return nil
}

// configuredHere is the status page that the configuration of nginx has at the
// address of the target, nil if there is none.
func (o *observation) configuredHere() *location {
	all := o.configured()
	for i := range all {
		if all[i].serves(o.target()) {
			return &all[i]
		}
	}
	return nil
}

// sourceIP is the address from which the exporter sent its request, empty for a
// socket or where there was no response.
func (o *observation) sourceIP() string {
	if o.http == nil {
		return ""
	}
	if a, isTCP := o.http.Local.(*net.TCPAddr); isTCP {
		return a.IP.String()
	}
	return ""
}

// otherListeners lists the addresses on which other programs listen in this
// network namespace; false if that is unknown.
func (e *examiner) otherListeners() ([]netip.AddrPort, bool) {
	all, known := listeners(e.machine.Proc)
	var others []netip.AddrPort
	for _, a := range all {
		if !e.isOwnPort(strconv.Itoa(int(a.Port()))) {
			others = append(others, a)
		}
	}
	return others, known
}
