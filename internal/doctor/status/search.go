package status

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/snippet"
)

const (
	maxTrials  = 8               // of one kind
	searchTime = 4 * time.Second // for all usual places together
)

// usualPaths are where people have their status page.
func usualPaths() []string {
	return []string{"/stub_status", "/nginx_status", "/basic_status", "/status", "/nginx/status", "/nginx-status", "/server-status", "/api"}
}

// pages lists the status pages in the configuration of nginx, if the target is
// on this machine.
func (e *examiner) pages(ctx context.Context, s *sight) []page {
	if !s.here() {
		return nil
	}
	if p := e.nginx(ctx); p != nil {
		return p.pages
	}
	return nil
}

// nearby looks for the page at other paths of the same server.
func (e *examiner) nearby(ctx context.Context, s *sight) *sight {
	paths := usualPaths()
	for _, p := range e.pages(ctx, s) {
		if p.path != "" && len(paths) < 2*maxTrials && !slices.Contains(paths, p.path) {
			paths = append(paths, p.path)
		}
	}
	for _, path := range paths {
		if path == s.target().Path() {
			continue
		}
		o := s.options
		o.Target = o.Target.At(path)
		if other := ask(ctx, o, mostForTrial); other.healthy() {
			return other
		}
	}
	return nil
}

// elsewhere looks for the page at other addresses of this machine: where the
// configuration of nginx has it, then where it usually is. If there is none, it
// says what the configuration lacks, if that can be told.
func (e *examiner) elsewhere(ctx context.Context, s *sight, trouble string) *doctor.Finding {
	if !s.here() {
		return nil
	}
	source := ""
	var found *sight
	if found, source = e.configured(ctx, s); found == nil {
		found = e.usual(ctx, s)
	}
	if found == nil {
		return e.configuration(ctx, s, trouble)
	}
	f := &doctor.Finding{
		Code: "status-elsewhere", Message: fmt.Sprintf("%s; nginx serves its status at %s", trouble, found.target()),
		Evidence: []doctor.Evidence{found.tried(found.target().String())},
		Fix:      e.settings(&found.options),
	}
	if source != "" {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "configured in", Value: source})
	}
	return f
}

// configured tries the status pages in the configuration of nginx.
func (e *examiner) configured(ctx context.Context, s *sight) (found *sight, file string) {
	trials := 0
	for _, p := range e.pages(ctx, s) {
		if trials++; p.path == "" || trials > maxTrials {
			continue
		}
		o, ok := e.with(s, p.uri())
		if !ok || o.Target.Key() == s.target().Key() {
			continue
		}
		o.ProxyProtocol = p.listen.proxy
		o.Host = p.host()
		if other := ask(ctx, o, mostForTrial); other.healthy() {
			return other, p.file
		}
	}
	return nil, ""
}

// usual tries the usual places of this machine, all at the same time.
func (e *examiner) usual(ctx context.Context, s *sight) *sight {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	places := append(e.sockets(), e.servers()...)
	results := make([]chan *sight, len(places))
	for i, place := range places {
		results[i] = make(chan *sight, 1)
		go func() { results[i] <- e.usualPath(ctx, s, place) }()
	}
	var found *sight
	for _, result := range results {
		// Everybody is waited for: nothing goes on after the report.
		if other := <-result; found == nil && other != nil {
			found = other
			cancel()
		}
	}
	return found
}

// usualPath tries the usual paths at one server, written as a target without a
// path.
func (e *examiner) usualPath(ctx context.Context, s *sight, place string) *sight {
	for _, path := range append([]string{s.target().Path()}, usualPaths()...) {
		o, ok := e.with(s, place+path)
		if !ok || o.Target.Key() == s.target().Key() {
			continue
		}
		o.ProxyProtocol, o.Host = false, ""
		other := ask(ctx, o, mostForTrial)
		if other.wantsTLS() {
			return e.usualPath(ctx, s, strings.Replace(place, "http://", "https://", 1))
		}
		if other.healthy() {
			return other
		}
		if other.look == nil {
			return nil // it does not even speak HTTP
		}
	}
	return nil
}

// sockets lists the usual sockets that are there.
func (e *examiner) sockets() []string {
	var places []string
	for _, pattern := range e.Machine.Sockets {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().Type() == os.ModeSocket && len(places) < maxTrials {
				places = append(places, "unix:"+path+":")
			}
		}
	}
	return places
}

// servers lists the usual ports at which somebody listens, or may.
func (e *examiner) servers() []string {
	here, known := listeners(e.Machine.Proc)
	var places []string
	for _, port := range e.Machine.Ports {
		number := strconv.Itoa(port)
		if e.own(number) {
			continue
		}
		for _, host := range []string{"127.0.0.1", "::1"} {
			if !known || slices.ContainsFunc(here, func(a netip.AddrPort) bool {
				return int(a.Port()) == port && (a.Addr().IsUnspecified() || a.Addr().String() == host)
			}) {
				places = append(places, "http://"+net.JoinHostPort(host, number))
			}
		}
	}
	return places
}

// configuration tells what is wrong with the configuration of nginx on this
// machine, if it can be told.
func (e *examiner) configuration(ctx context.Context, s *sight, trouble string) *doctor.Finding {
	p := e.nginx(ctx)
	if p == nil {
		return nil
	}
	f := &doctor.Finding{Evidence: []doctor.Evidence{{Name: "looked at", Value: p.path}}}
	covered := slices.IndexFunc(p.pages, func(one page) bool { return one.covers(s.target()) })
	switch {
	case strings.HasPrefix(p.broken, `unknown directive "stub_status"`), p.asked && !p.module && !slices.ContainsFunc(p.pages, func(one page) bool { return one.plus }):
		f.Code, f.Message = "module-missing", trouble+"; this nginx was built without stub_status"
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "nginx -V", Value: "no --with-http_stub_status_module"})
		f.Fix = []string{"install the nginx of your distribution or of nginx.org, which have it, or build with --with-http_stub_status_module"}
	case p.broken != "":
		f.Code, f.Message = "nginx-config-broken", trouble+"; the configuration of nginx is wrong, so that it neither starts nor reloads"
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "nginx -T", Value: p.broken})
		f.Fix = []string{"correct it, then: nginx -t && nginx -s reload"}
	case covered >= 0:
		unused(f, &p.pages[covered], trouble, s.look != nil)
	case p.read && len(p.pages) == 0:
		f.Code, f.Message = "status-not-configured", trouble+"; the configuration of nginx has no status page at all"
		f.Fix = e.recipe(s)
	default:
		return nil
	}
	return f
}

// unused tells why a page that is configured where the exporter asks is not
// what answers there.
func unused(f *doctor.Finding, p *page, trouble string, answered bool) {
	f.Evidence = append(f.Evidence, doctor.Evidence{Name: "configured in", Value: p.file})
	switch {
	case answered && p.taken != "":
		f.Code, f.Message = "listen-shadowed", fmt.Sprintf("%s; the status server listens at %s, and another one, which answers, at %s itself", trouble, p.listen, p.taken)
		f.Fix = []string{"listen " + p.taken + "; in the status server, too, or give it a port of its own; then: nginx -t && nginx -s reload"}
	case answered && !p.listen.standard && p.host() == "":
		f.Code, f.Message = "host-header", trouble+"; the status page is that of a server with another name: "+short(strings.Join(p.names, " "))
		f.Fix = []string{"--nginx.host-header=NAME, with a name that matches it, or a server of its own for the status"}
	default:
		f.Code, f.Message = "nginx-not-reloaded", trouble+"; the configuration of nginx has a status page there, but it is not in use"
		f.Fix = []string{"load it: nginx -s reload", "or, where nginx does not run: systemctl start nginx"}
	}
}

// covers reports whether the page is the target.
func (p *page) covers(t client.Target) bool {
	if p.path != t.Path() && p.path+"/" != t.Path() {
		return false
	}
	if p.listen.socket != "" || t.Socket() != "" {
		return p.listen.socket == t.Socket()
	}
	host := t.Host()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return p.listen.port == t.Port() && (p.listen.local() == host || p.listen.host == "localhost")
}

// recipe writes the status server that nginx lacks.
func (e *examiner) recipe(s *sight) []string {
	name, listen := "nginx", e.snippetListen(s)
	if socket := s.target().Socket(); socket != "" {
		name, listen = "nginx-unix", "unix:"+socket
	}
	given := map[string][]string{"listen": {listen}, "path": {s.target().Path()}}
	text, err := snippet.Text(name, given)
	if err != nil {
		given["path"] = []string{"/stub_status"}
		text, err = snippet.Text(name, given)
	}
	if err != nil {
		return []string{"see: nginx-exporter snippet " + name}
	}
	fix := []string{"give nginx this server, in its http block:"}
	for line := range strings.Lines(text) {
		fix = append(fix, strings.TrimRight(line, "\n"))
	}
	return fix
}

// moved tells that the page is at another path of the same server.
func (e *examiner) moved(ctx context.Context, s *sight, code doctor.Code, says string) *doctor.Finding {
	found := e.nearby(ctx, s)
	if found == nil {
		return nil
	}
	return &doctor.Finding{
		Code: code, Message: says + "; the status page is at " + found.target().Path(),
		Evidence: []doctor.Evidence{found.tried(found.target().String())},
		Fix:      e.settings(&found.options),
	}
}

// lost handles answers of something that is no status page: it is nearby, at
// another address, or not configured; else the page is what it is.
func (e *examiner) lost(ctx context.Context, s *sight, otherwise *doctor.Finding) *doctor.Finding {
	if f := e.moved(ctx, s, otherwise.Code, otherwise.Message); f != nil {
		return f
	}
	if f := e.otherAddress(ctx, s); f != nil {
		return f
	}
	if f := e.elsewhere(ctx, s, otherwise.Message); f != nil {
		return f
	}
	return e.hint(ctx, s, otherwise)
}

// statusOf is the text of an HTTP status.
func statusOf(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }
