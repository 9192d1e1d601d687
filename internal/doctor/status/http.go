package status

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"nginx-exporter/client/plus"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/internal/doctor"
)

func (o *observation) exporterItself() *doctor.Finding {
	if o.http == nil || o.fromNginx() {
		return nil
	}
	options := o.options
	options.Target, options.Mode = options.Target.At("/-/healthy"), stubstatus.Mode
	if !strings.HasPrefix(o.try(options).body(), "the exporter is healthy") {
		return nil
	}
	if o.isOwnPort(o.target().Port()) && isLoopback(o.target().Host()) {
		return o.notNginx("The target is the exporter's own port, not nginx.")
	}
	return o.notNginx("The target is an nginx-exporter, not nginx.")
}

func (o *observation) exporterOther() *doctor.Finding {
	body := o.body()
	if o.fromNginx() || !strings.Contains(body, "# HELP nginx") && !strings.Contains(body, "# TYPE nginx") && !strings.Contains(body, "NGINX Prometheus Exporter") {
		return nil
	}
	return o.notNginx("The target is another exporter for nginx, not nginx.")
}

func (o *observation) notNginx(message string) *doctor.Finding {
	if other := o.otherServer(); other != nil {
		return o.found(message, other)
	}
	return &doctor.Finding{
		Message: message,
		Fix:     []string{"set the target to the status page of nginx, such as " + o.setting("--nginx.scrape-uri=http://127.0.0.1:8080/stub_status", "uri: http://127.0.0.1:8080/stub_status")},
	}
}

// hostHeader tries the names that may select the server with the status page.
func (o *observation) hostHeader() *doctor.Finding {
	if o.http == nil && !o.closed() || o.code() == http.StatusUnauthorized {
		return nil
	}
	own := o.options.Host
	var hosts []string
	switch {
	case own != "":
		hosts = append(hosts, "") // the configured one may be wrong
	case o.target().Host() != "localhost" && !o.isSocket():
		hosts = append(hosts, "localhost")
	}
	for _, l := range o.configured() {
		if host := l.host(); host != "" && host != own && len(hosts) < maxTrials {
			hosts = append(hosts, host)
		}
	}
	for _, host := range hosts {
		options := o.options
		options.Host = host
		r := o.try(options)
		switch {
		case !r.healthy():
			continue
		case host == "":
			return &doctor.Finding{
				Message:  "nginx has no status page for Host: " + truncate(own) + ".",
				Evidence: []doctor.Evidence{r.evidence("the host of the target")},
				Fix:      []string{"remove " + o.setting("--nginx.host-header", "host")},
			}
		default:
			return &doctor.Finding{
				Message:  "Another server of nginx responds: the status page belongs to server_name " + truncate(host) + ".",
				Evidence: []doctor.Evidence{r.evidence("Host: " + host)},
				Fix:      o.settings(&options),
			}
		}
	}
	return nil
}

func (o *observation) plusPath() *doctor.Finding {
	parent, _, below := strings.Cut(o.target().Path(), "/api/")
	if o.http == nil || !below {
		return nil
	}
	options := o.options
	options.Mode, options.Target = plus.Mode, options.Target.At(parent+"/api")
	if options.Target.Key() == o.target().Key() {
		return nil
	}
	r := o.try(options)
	if !r.healthy() {
		return nil
	}
	return o.found("The target is an endpoint of the NGINX Plus API, not its root.", &alternative{response: r})
}

func (o *observation) loginRequired() *doctor.Finding {
	if o.code() != http.StatusUnauthorized || o.http.Login {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx requires authentication (HTTP status 401).",
		Fix: []string{
			"set http_client_config.basic_auth for this target in --config.file",
			"or set auth_basic off; in the status location of nginx, and restrict access with allow and deny",
		},
	}
}

func (o *observation) loginRefused() *doctor.Finding {
	if o.code() != http.StatusUnauthorized || !o.http.Login {
		return nil
	}
	return &doctor.Finding{
		Message: "nginx rejects the user name or password of the exporter (HTTP status 401).",
		Fix:     []string{"correct user name and password, and check that the workers of nginx may read the file in auth_basic_user_file"},
	}
}

func (o *observation) statusRedirect() *doctor.Finding {
	if o.code()/100 != 3 {
		return nil
	}
	f := &doctor.Finding{
		Message: fmt.Sprintf("nginx redirects to another address (HTTP status %d), and the exporter does not follow redirects.", o.code()),
		Fix:     []string{"serve the status page without a redirect, from the server printed by: " + o.newServerCommand()},
	}
	to, err := url.Parse(o.http.Header.Get("Location"))
	if err != nil || to.Host == "" {
		return f
	}
	to.User, to.RawQuery, to.Fragment = nil, "", ""
	f.Evidence = append(f.Evidence, doctor.Evidence{Name: "Location", Value: truncate(to.String())})
	// Other hosts are not tried: a response could direct requests to any of them.
	if to.Hostname() != o.target().Host() {
		return f
	}
	options, ok := o.at(to.String())
	if !ok {
		return f
	}
	r := o.try(options)
	f.Evidence = append(f.Evidence, r.evidence("this location"))
	if r.healthy() {
		f.Fix = o.settings(&options)
	} else if isCertificateError(r.err) {
		f.Fix = append(o.settings(&options), "and "+o.caSetting())
	}
	return f
}

func (o *observation) statusDenied() *doctor.Finding {
	if o.code() != http.StatusForbidden {
		return nil
	}
	location := o.configuredHere()
	if location == nil && o.otherPath() != nil {
		return nil // a directory without an index file gives 403, too
	}
	source := o.sourceIP()
	if source == "" {
		source = "unix:"
	}
	f := &doctor.Finding{
		Message:  "nginx denies access to the status page (HTTP status 403).",
		Evidence: []doctor.Evidence{{Name: "source address", Value: source}},
		Fix:      []string{"add \"allow " + source + ";\" before the deny of that location, then run: " + reloadNginx},
	}
	if location != nil {
		f.Evidence = append(f.Evidence,
			doctor.Evidence{Name: "configured in", Value: location.file}, doctor.Evidence{Name: "access rules", Value: join(location.rules)})
	}
	return f
}

func (o *observation) statusUnreadable() *doctor.Finding {
	if o.code() != http.StatusOK || strings.HasPrefix(strings.TrimSpace(o.body()), "<") || !strings.Contains(o.body(), "Active connections") {
		return nil
	}
	return &doctor.Finding{
		Message:  "The response at " + o.path() + " looks like stub_status but is not valid: a proxy or filter changes it.",
		Evidence: []doctor.Evidence{o.bodyEvidence(), o.errorEvidence()},
		Fix:      []string{"connect to nginx directly instead of through a proxy, and remove sub_filter and other filters from that location"},
	}
}
