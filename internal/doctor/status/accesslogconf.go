package status

import (
	"fmt"
	"net"
	"strings"

	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/nginxconf"
)

// directive is the line for nginx that writes to the log.
func (o *logObservation) directive() string {
	switch o.Address.Kind {
	case input.KindUDP:
		return "access_log syslog:server=" + o.Address.Path + ",nohostname nginx_exporter;"
	case input.KindUnix:
		return "access_log syslog:server=unix:" + o.Address.Path + ",nohostname nginx_exporter;"
	case input.KindSpool:
		return "access_log " + o.Address.Path + " nginx_exporter buffer=64k flush=1s;"
	case input.KindFile:
	}
	return "access_log " + o.Address.Path + " nginx_exporter;"
}

// shadow is a block with an access_log that replaces the one of the exporter.
type shadow struct{ name, file string }

// logUse is how the configuration of nginx uses a log.
type logUse struct {
	written bool     // any block writes to it
	shadows []shadow // blocks that would inherit it
}

// use searches the configuration of nginx for the log. It returns nil if the
// configuration is unknown.
func (o *logObservation) use() *logUse {
	nginx := o.nginx()
	if nginx == nil || !nginx.hasConfig {
		return nil
	}
	u := &logUse{}
	for http := range nginxconf.Named(nginx.directives, "http") {
		u.search(http, &o.Log, "", false)
	}
	return u
}

// search visits a block. Inherited says whether the enclosing block writes to the
// log.
func (u *logUse) search(block *nginxconf.Directive, l *Log, name string, inherited bool) {
	own, ours, off := false, false, false
	for item := range nginxconf.Named(block.Block, "access_log") {
		if len(item.Args) == 0 {
			continue
		}
		own = true
		off = off || item.Args[0] == "off"
		ours = ours || l.isWrittenBy(item.Args[0])
	}
	switch {
	case own && ours:
		u.written, inherited = true, true
	case own && inherited && !off:
		u.shadows = append(u.shadows, shadow{name, block.File})
		inherited = false
	case own:
		inherited = false
	}
	for _, inner := range block.Block {
		switch inner.Name {
		case "server":
			u.search(&inner, l, serverName(&inner), inherited)
		case "location":
			u.search(&inner, l, name+" location "+strings.Join(inner.Args, " "), inherited)
		case "if":
			u.search(&inner, l, name+" if", inherited)
		}
	}
}

// serverName describes a server by its first name or address.
func serverName(server *nginxconf.Directive) string {
	for _, key := range []string{"server_name", "listen"} {
		for item := range nginxconf.Named(server.Block, key) {
			if len(item.Args) > 0 {
				return "server " + item.Args[0]
			}
		}
	}
	return "server"
}

// isWrittenBy reports whether a destination of access_log is the log.
func (l *Log) isWrittenBy(destination string) bool {
	parameters, isSyslog := strings.CutPrefix(destination, "syslog:")
	if isSyslog != l.Address.IsSocket() {
		return false
	}
	if !isSyslog {
		relative := !strings.HasPrefix(destination, "/")
		return destination == l.Address.Path || relative && strings.HasSuffix(l.Address.Path, "/"+destination)
	}
	for parameter := range strings.SplitSeq(parameters, ",") {
		server, found := strings.CutPrefix(parameter, "server=")
		if !found {
			continue
		}
		if l.Address.Kind == input.KindUnix {
			return server == "unix:"+l.Address.Path
		}
		_, port, err := net.SplitHostPort(server)
		if err != nil {
			port = "514" // the default of nginx
		}
		_, ours, _ := net.SplitHostPort(l.Address.Path)
		return port == ours && !strings.HasPrefix(server, "unix:")
	}
	return false
}

func (o *logObservation) notWritten() *doctor.Finding {
	use := o.use()
	if use == nil || use.written {
		return nil
	}
	return &doctor.Finding{
		Message:  "No access_log in the configuration of nginx writes to " + o.Address.String() + ".",
		Evidence: []doctor.Evidence{{Name: "read", Value: o.nginx().path + " -T"}},
		Fix: []string{
			"add the output of \"nginx-exporter snippet access-log\" to the http block, with: " + o.directive(),
			"then run: " + reloadNginx,
		},
	}
}

func (o *logObservation) shadowed() *doctor.Finding {
	use := o.use()
	if use == nil || len(use.shadows) == 0 {
		return nil
	}
	f := &doctor.Finding{
		Message: fmt.Sprintf("Requests of %s are not counted: an access_log of its own replaces the one of the enclosing block.", use.shadows[0].name),
		Fix:     []string{"add there: " + o.directive(), "then run: " + reloadNginx},
	}
	if n := len(use.shadows); n > 1 {
		f.Message = fmt.Sprintf("Requests of %d servers and locations are not counted: an access_log of their own replaces the one of the enclosing block.", n)
	}
	const most = 10
	for _, s := range use.shadows[:min(most, len(use.shadows))] {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: truncate(s.name), Value: s.file})
	}
	if requests, known := o.requests(); known {
		if responses, counted := o.metrics.sum("nginx_http_responses_total", o.Labels); counted && requests > 0 {
			f.Evidence = append(f.Evidence, doctor.Evidence{Name: "responses counted", Value: fmt.Sprintf("%.0f of %.0f requests that nginx has served since it started", responses, requests)})
		}
	}
	return f
}
