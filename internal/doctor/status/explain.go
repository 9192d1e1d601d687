package status

import (
	"context"
	"fmt"
	"net"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// check knows some causes: it returns one if that is it, else nil.
type check func(ctx context.Context, s *sight) *doctor.Finding

// explain finds the cause of what a look showed. The checks come in the order
// in which a request meets their troubles; a trouble that no check knows is
// told as it was seen.
func (e *examiner) explain(ctx context.Context, s *sight) doctor.Finding {
	checks := []check{
		e.itself, nameOf, e.socket, e.certificate, e.refused, e.unreachable, e.scheme, e.proxyHeader, e.slow,
		e.notHTTP, e.hostHeader, closed, e.mode, e.login, e.redirect, e.denied, e.server, e.path, e.content,
	}
	finding := doctor.Finding{
		Code: "status-unknown", Message: "nothing that is known: " + s.answered(),
		Evidence: []doctor.Evidence{{Name: "the exporter says", Value: plain(s.err)}},
	}
	for _, check := range checks {
		if found := check(ctx, s); found != nil {
			return *found
		}
		// What was not tried must not be taken for what did not help.
		if ctx.Err() != nil {
			finding.Evidence = append(finding.Evidence, doctor.Evidence{Name: "looked for", Value: budget.String() + ", then time was up"})
			break
		}
	}
	if s.look != nil {
		finding.Evidence = append(finding.Evidence, s.beginning())
	}
	if advice := client.AdviceOf(s.err); advice != "" {
		finding.Fix = []string{advice}
	}
	return finding
}

// beginning is evidence of the answer's text.
func (s *sight) beginning() doctor.Evidence {
	return doctor.Evidence{Name: "the answer begins", Value: s.quoted()}
}

// tried is evidence of a look at something else.
func (s *sight) tried(what string) doctor.Evidence {
	value := s.answered()
	if s.healthy() {
		value = s.tells()
	}
	return doctor.Evidence{Name: "tried " + what, Value: value}
}

// settings writes how the exporter is told of the options: as flags, or as keys
// of the configuration file.
func (e *examiner) settings(o *client.Options) []string {
	if e.FromFile {
		keys := []string{"uri: " + o.Target.String()}
		if o.ProxyProtocol {
			keys = append(keys, "proxy_protocol: true")
		}
		if o.Host != "" {
			keys = append(keys, "host: "+o.Host)
		}
		return keys
	}
	flags := "--nginx.scrape-uri=" + o.Target.String()
	if o.ProxyProtocol {
		flags += " --nginx.proxy-protocol"
	}
	if o.Host != "" {
		flags += " --nginx.host-header=" + o.Host
	}
	return []string{flags}
}

// setting writes one setting: its flag, or its key in the configuration file.
func (e *examiner) setting(flag, key string) string {
	if e.FromFile {
		return key + " for this target in --config.file"
	}
	return flag
}

// with returns the options of the target asked in another way. Where it is
// another server or scheme, no credentials go along.
func (e *examiner) with(s *sight, uri string) (client.Options, bool) {
	o, err := e.Make(uri)
	if err != nil {
		return o, false
	}
	o.Mode, o.Host, o.ProxyProtocol, o.Timeout = s.options.Mode, s.options.Host, s.options.ProxyProtocol, s.options.Timeout
	return o, true
}

// uri writes a TCP target with another scheme or address.
func (s *sight) uri(scheme, host string) string {
	return scheme + "://" + net.JoinHostPort(host, s.target().Port()) + s.target().Path()
}

// list writes a list that is not too long.
func list[T any](items []T) string {
	const most = 12
	var texts []string
	for i, item := range items {
		if i == most {
			texts = append(texts, fmt.Sprintf("%d more", len(items)-most))
			break
		}
		texts = append(texts, fmt.Sprint(item))
	}
	return strings.Join(texts, ", ")
}
