package status

import (
	"net"
	"net/netip"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/snippet"
)

// reloadNginx also starts nginx if it is stopped, unlike a reload alone.
const reloadNginx = "nginx -t && (nginx -s reload || nginx)"

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

// caSetting is the instruction to trust the CA of nginx.
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

// newServerCommand prints a status server on another port than that of the target,
// which is in use.
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
