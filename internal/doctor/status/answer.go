package status

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// itself knows targets that are an exporter: this one, or another.
func (e *examiner) itself(ctx context.Context, s *sight) *doctor.Finding {
	if s.look == nil || s.fromNginx() {
		return nil
	}
	f := &doctor.Finding{}
	o := s.options
	o.Target, o.Mode = o.Target.At("/-/healthy"), client.ModeStubStatus
	life := ask(ctx, o, mostForTrial)
	switch body := s.body(); {
	case strings.HasPrefix(life.body(), "the exporter is healthy"):
		f.Code, f.Message = "exporter-itself", "the target is an nginx-exporter, not nginx"
		if e.own(s.target().Port()) && isLocal(s.target().Host()) {
			f.Message = "the target is this exporter's own port, not nginx"
		}
	case strings.Contains(body, "# HELP nginx"), strings.Contains(body, "# TYPE nginx"), strings.Contains(body, "NGINX Prometheus Exporter"):
		f.Code, f.Message = "exporter-other", "the target is another exporter for nginx, not nginx"
	default:
		return nil
	}
	f.Fix = []string{"name the status page of nginx, such as " + strings.Join(e.settings(&client.Options{Target: usualTarget()}), " ")}
	if found := e.anywhere(ctx, s); found != nil {
		f.Evidence = append(f.Evidence, found.tried(found.target().String()))
		f.Fix = e.settings(&found.options)
	}
	return f
}

// snippetServer is what prints a status server on an address of its own: the
// one of the target is taken by something else.
func (e *examiner) snippetServer(s *sight) string {
	command := e.snippetCommand(s)
	if s.target().Socket() != "" {
		return command
	}
	return strings.Replace(command, ":"+s.target().Port(), ":"+freePort(s.target().Port()), 1)
}

// freePort is a port that is not the one that is taken.
func freePort(taken string) string {
	if taken == "8080" {
		return "8081"
	}
	return "8080"
}

// usualTarget is what most have.
func usualTarget() client.Target {
	t, _ := client.ParseTarget("http://127.0.0.1:8080/stub_status") // it parses
	return t
}

// anywhere looks for a status page on this machine.
func (e *examiner) anywhere(ctx context.Context, s *sight) *sight {
	if !s.here() {
		return nil
	}
	if found, _ := e.configured(ctx, s); found != nil {
		return found
	}
	return e.usual(ctx, s)
}

// mode knows targets that are the other of the two interfaces.
func (e *examiner) mode(ctx context.Context, s *sight) *doctor.Finding {
	if s.look == nil {
		return nil
	}
	_, err := client.ParseStubStatus(s.look.Body)
	if s.options.Mode == client.ModePlus && s.look.Status == http.StatusOK && err == nil {
		return &doctor.Finding{
			Code: "stub-status-found", Message: "the target is a stub_status page, and the exporter was told that it is NGINX Plus",
			Evidence: []doctor.Evidence{s.beginning()},
			Fix:      []string{e.setting("--nginx.mode=auto, without --nginx.plus and NGINX_PLUS", "mode: auto")},
		}
	}
	o := s.options
	o.Mode = client.ModePlus
	if s.options.Mode == client.ModeStubStatus && client.IsPlus(s.err) {
		if other := ask(ctx, o, mostForTrial); other.healthy() {
			return &doctor.Finding{
				Code: "plus-found", Message: "the target is the API of NGINX Plus, and the exporter was told that it is stub_status",
				Evidence: []doctor.Evidence{other.tried("as NGINX Plus")},
				Fix:      []string{e.setting("--nginx.mode=auto", "mode: auto")},
			}
		}
	}
	before, _, found := strings.Cut(s.target().Path(), "/api/")
	if !found {
		return nil
	}
	if o.Target = o.Target.At(before + "/api"); o.Target.Key() == s.target().Key() {
		return nil
	}
	if other := ask(ctx, o, mostForTrial); other.healthy() {
		return &doctor.Finding{
			Code: "plus-path", Message: "the target is a document of the API of NGINX Plus, and not its root",
			Evidence: []doctor.Evidence{other.tried(o.Target.String())},
			Fix:      e.settings(&o),
		}
	}
	return nil
}

// login knows servers that want to know who asks.
func (e *examiner) login(_ context.Context, s *sight) *doctor.Finding {
	if s.status() != http.StatusUnauthorized {
		return nil
	}
	f := &doctor.Finding{
		Code: "login-required", Message: "nginx wants a login (401)",
		Fix: []string{
			"give one under http_client_config.basic_auth of the target in --config.file",
			"or, in the status location of nginx: auth_basic off; with allow and deny in its place",
		},
	}
	if s.look.Login {
		f.Code, f.Message = "login-refused", "nginx does not take the login that is given (401)"
		f.Fix = []string{"correct user name and password; nginx reads the file of auth_basic_user_file at each request, if its workers may"}
	}
	return f
}

// redirect knows answers that send the exporter somewhere else.
func (e *examiner) redirect(ctx context.Context, s *sight) *doctor.Finding {
	if s.status()/100 != 3 {
		return nil
	}
	f := &doctor.Finding{
		Code: "status-redirect", Message: fmt.Sprintf("nginx sends the exporter to another address (%d), and it follows nobody", s.status()),
		Fix: []string{"let the status page answer by itself, in a server of its own: " + e.snippetServer(s)},
	}
	to, err := url.Parse(s.look.Header.Get("Location"))
	if err != nil || to.Host == "" {
		return f
	}
	to.User, to.RawQuery, to.Fragment = nil, "", ""
	f.Evidence = append(f.Evidence, doctor.Evidence{Name: "to", Value: short(to.String())})
	// Nobody else is asked: who answers may send anybody anywhere.
	if to.Hostname() != s.target().Host() {
		return f
	}
	o, ok := e.with(s, to.String())
	if !ok {
		return f
	}
	other := ask(ctx, o, mostForTrial)
	f.Evidence = append(f.Evidence, other.tried("that"))
	if other.healthy() {
		f.Fix = e.settings(&o)
	} else if certified(other.err) {
		f.Fix = append(e.settings(&o), "and "+e.setting("--nginx.ssl-ca-cert=FILE", "http_client_config.tls_config.ca_file: FILE")+", with the certificate of its CA")
	}
	return f
}

// denied knows pages that are not for everybody.
func (e *examiner) denied(ctx context.Context, s *sight) *doctor.Finding {
	if s.status() != http.StatusForbidden {
		return nil
	}
	from := "unix:"
	if a, isTCP := s.look.Local.(*net.TCPAddr); isTCP {
		from = a.IP.String()
	}
	covered := false
	f := &doctor.Finding{
		Code: "status-denied", Message: "nginx does not let the exporter see that page (403)",
		Evidence: []doctor.Evidence{{Name: "the exporter asks from", Value: from}},
		Fix:      []string{fmt.Sprintf("allow %s; before the deny of that location, then: nginx -t && nginx -s reload", from)},
	}
	for _, p := range e.pages(ctx, s) {
		if p.covers(s.target()) {
			covered = true
			f.Evidence = append(f.Evidence,
				doctor.Evidence{Name: "configured in", Value: p.file}, doctor.Evidence{Name: "its rules", Value: list(p.rules)})
			break
		}
	}
	if covered {
		return f
	}
	// A folder without an index answers so, too.
	if moved := e.moved(ctx, s, "status-path", "nginx has no status page at "+short(s.target().Path())); moved != nil {
		return moved
	}
	return f
}

// server knows answers that tell of trouble behind nginx, or in it.
func (e *examiner) server(ctx context.Context, s *sight) *doctor.Finding {
	if s.status() < http.StatusInternalServerError {
		return nil
	}
	f := &doctor.Finding{
		Code: "nginx-error", Message: "nginx answers with an error, " + statusOf(s.status()),
		Fix: []string{"look into the error log of nginx: tail /var/log/nginx/error.log"},
	}
	if s.status() != http.StatusInternalServerError {
		f.Fix = append(f.Fix, "a status page needs nobody behind nginx: if the location passes requests on, name another path")
	}
	return e.lost(ctx, s, f)
}

// path knows paths at which there is nothing.
func (e *examiner) path(ctx context.Context, s *sight) *doctor.Finding {
	if s.status() != http.StatusNotFound && s.status() != http.StatusGone {
		return nil
	}
	path := short(s.target().Path())
	return e.lost(ctx, s, &doctor.Finding{
		Code: "status-path", Message: fmt.Sprintf("there is no status page at %s (%d)", path, s.status()),
		Evidence: []doctor.Evidence{{Name: "tried", Value: list(usualPaths())}},
		Fix:      []string{"look for stub_status in the configuration of nginx: nginx -T | grep -B3 stub_status", "or add a server for it, as this tells: " + e.snippetServer(s)},
	})
}

// content knows pages that are something else.
func (e *examiner) content(ctx context.Context, s *sight) *doctor.Finding {
	if s.status() != http.StatusOK && s.status() != http.StatusNoContent {
		return nil
	}
	path := short(s.target().Path())
	f := &doctor.Finding{
		Evidence: []doctor.Evidence{s.beginning()},
		Fix:      []string{"look for stub_status in the configuration of nginx: nginx -T | grep -B3 stub_status", "or add a server for it, as this tells: " + e.snippetServer(s)},
	}
	switch body := strings.TrimSpace(s.body()); {
	case body == "":
		f.Code, f.Message, f.Evidence = "status-empty", "the answer at "+path+" is empty", nil
	case strings.HasPrefix(body, "<"):
		f.Code, f.Message = "status-html", "a web page answers at "+path+" in place of the status: another location of nginx, often location /"
	case strings.Contains(body, "Active connections"):
		f.Code, f.Message = "status-unreadable", "the answer at "+path+" looks like a status page, and is none: something rewrites it on the way"
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "the exporter says", Value: plain(s.err)})
		f.Fix = []string{"ask nginx itself, not through a proxy, and leave out sub_filter and the like at that location"}
		return f
	default:
		return e.other(ctx, s, f)
	}
	return e.lost(ctx, s, f)
}

// other knows text that is no status page: it may be another path's, or nobody
// knows.
func (e *examiner) other(ctx context.Context, s *sight, f *doctor.Finding) *doctor.Finding {
	f.Code, f.Message = "status-other", "something else answers at "+short(s.target().Path())+" in place of the status"
	return e.lost(ctx, s, f)
}
