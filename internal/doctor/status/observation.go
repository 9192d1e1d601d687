package status

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/snippet"
)

// observation is what is known of one target: the response to the exporter's
// own request, and status pages that were found at other addresses. They are
// searched when a judge first asks for them.
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

// uri is the address of the target with another scheme or host.
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
func (e *examiner) inPod() bool { return e.Machine.Env("KUBERNETES_SERVICE_HOST") != "" }

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

// settings has the flags, or keys of the configuration file, for these options.
func (e *examiner) settings(options *client.Options) []string {
	if e.FromFile {
		keys := []string{"uri: " + options.Target.String()}
		if options.ProxyProtocol {
			keys = append(keys, "proxy_protocol: true")
		}
		if options.Host != "" {
			keys = append(keys, "host: "+options.Host)
		}
		return keys
	}
	flags := "--nginx.scrape-uri=" + options.Target.String()
	if options.ProxyProtocol {
		flags += " --nginx.proxy-protocol"
	}
	if options.Host != "" {
		flags += " --nginx.host-header=" + options.Host
	}
	return []string{flags}
}

// setting is a flag, or the key for it in the configuration file.
func (e *examiner) setting(flag, key string) string {
	if e.FromFile {
		return key + " for this target in --config.file"
	}
	return flag
}

// caSetting tells how to trust the CA of nginx.
func (e *examiner) caSetting() string {
	return "set " + e.setting("--nginx.ssl-ca-cert=FILE", "http_client_config.tls_config.ca_file: FILE") + " to the CA certificate"
}

// found is a finding whose fix is to use another address.
func (o *observation) found(message string, other *alternative) *doctor.Finding {
	f := &doctor.Finding{
		Message:  message,
		Evidence: []doctor.Evidence{other.evidence(other.target().String())},
		Fix:      o.settings(&other.options),
	}
	if other.file != "" {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "configured in", Value: other.file})
	}
	return f
}

// snippetCommand prints a status server that listens where the target is.
func (o *observation) snippetCommand() string {
	return o.snippetOn(o.target().Port())
}

// newServerCommand prints a status server on another port: something else uses
// the one of the target.
func (o *observation) newServerCommand() string {
	if o.target().Port() == "8080" {
		return o.snippetOn("8081")
	}
	return o.snippetOn("8080")
}

func (o *observation) snippetOn(port string) string {
	switch {
	case o.isSocket():
		return "nginx-exporter snippet nginx-unix --listen=unix:" + o.target().Socket()
	case !o.isLocal():
		allow := o.sourceIP()
		if allow == "" {
			allow = "ADDRESS-OF-THE-EXPORTER"
		}
		return "nginx-exporter snippet nginx --listen=0.0.0.0:" + port + " --allow=" + allow
	case o.inPod():
		return "nginx-exporter snippet kubernetes --listen=" + o.loopback(port)
	}
	return "nginx-exporter snippet nginx --listen=" + o.loopback(port)
}

// loopback is that port of the loopback address of the target.
func (o *observation) loopback(port string) string {
	if a, err := netip.ParseAddr(o.target().Host()); err == nil && a.IsLoopback() {
		return net.JoinHostPort(a.String(), port)
	}
	return "127.0.0.1:" + port
}

// snippetText is the configuration of the status server that nginx lacks.
func (o *observation) snippetText() []string {
	name, listen := "nginx", o.loopback(o.target().Port())
	if o.isSocket() {
		name, listen = "nginx-unix", "unix:"+o.target().Socket()
	}
	options := map[string][]string{"listen": {listen}, "path": {o.target().Path()}}
	text, err := snippet.Text(name, options)
	if err != nil { // the path may be one that snippet does not accept
		options["path"] = []string{"/stub_status"}
		text, err = snippet.Text(name, options)
	}
	if err != nil {
		return []string{"add the server printed by: nginx-exporter snippet " + name}
	}
	return append([]string{"add this server to the http block of nginx:"}, strings.Split(strings.TrimRight(text, "\n"), "\n")...)
}

// otherListeners lists the addresses on which other programs listen in this
// network namespace; false if that is unknown.
func (e *examiner) otherListeners() ([]netip.AddrPort, bool) {
	all, known := listeners(e.Machine.Proc)
	var others []netip.AddrPort
	for _, a := range all {
		if !e.isOwnPort(strconv.Itoa(int(a.Port()))) {
			others = append(others, a)
		}
	}
	return others, known
}
