package status

import (
	"context"
	"net/http"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// proxyHeader knows servers that expect a PROXY protocol header and get none,
// and the other way round.
func (e *examiner) proxyHeader(ctx context.Context, s *sight) *doctor.Finding {
	if s.look != nil && s.status() != http.StatusBadRequest {
		return nil
	}
	o := s.options
	o.ProxyProtocol = !o.ProxyProtocol
	other := ask(ctx, o, mostForTrial)
	tried := []doctor.Evidence{other.tried(map[bool]string{true: "with the header", false: "without the header"}[o.ProxyProtocol])}
	if other.wantsTLS() && !s.wantsTLS() {
		if both, ok := e.with(other, other.uri("https", other.target().Host())); ok {
			o, other = both, ask(ctx, both, mostForTrial)
			tried = append(tried, other.tried("over TLS, too"))
		}
	}
	if !other.healthy() && (other.look == nil || other.status() == http.StatusBadRequest) {
		return nil
	}
	if o.ProxyProtocol {
		return &doctor.Finding{
			Code: "proxy-protocol-expected", Message: "nginx expects a PROXY protocol header there (listen ... proxy_protocol), and the exporter sends none",
			Evidence: tried, Fix: e.settings(&o),
		}
	}
	return &doctor.Finding{
		Code: "proxy-protocol-unexpected", Message: "the exporter sends a PROXY protocol header, and nginx does not expect one there",
		Evidence: tried,
		Fix:      []string{e.setting("leave out --nginx.proxy-protocol, and PROXY_PROTOCOL in the environment", "proxy_protocol: false")},
	}
}

// notHTTP knows servers that speak something else.
func (e *examiner) notHTTP(ctx context.Context, s *sight) *doctor.Finding {
	if s.look != nil || s.reason() != client.ReasonNetwork {
		return nil
	}
	text := s.err.Error()
	switch {
	case strings.Contains(text, `malformed HTTP response "\x00\x00`):
		return &doctor.Finding{
			Code: "http2-only", Message: "nginx speaks only HTTP/2 there, and the exporter HTTP/1.1",
			Fix: []string{"leave http2 out of the listen of the status server, or give it a listen of its own"},
		}
	case strings.Contains(text, "malformed"):
		if f := e.elsewhere(ctx, s, "what listens at "+s.target().String()+" does not speak HTTP"); f != nil {
			return f
		}
		return &doctor.Finding{
			Code: "not-http", Message: "what listens there does not speak HTTP: it is another program, or a stream server of nginx",
			Fix: []string{"correct the port in the target"},
		}
	}
	return nil
}

// hostHeader knows status pages of servers that answer to their names alone.
func (e *examiner) hostHeader(ctx context.Context, s *sight) *doctor.Finding {
	if s.look == nil && !s.hungUp() || s.status() == http.StatusUnauthorized {
		return nil
	}
	var hosts []string
	if s.options.Host == "" && s.target().Host() != "localhost" && s.target().Socket() == "" {
		hosts = append(hosts, "localhost")
	}
	if s.options.Host != "" {
		hosts = append(hosts, "") // the one that was chosen may be the mistake
	}
	for _, p := range e.pages(ctx, s) {
		if host := p.host(); host != "" && host != s.options.Host && len(hosts) < maxTrials {
			hosts = append(hosts, host)
		}
	}
	for _, host := range hosts {
		o := s.options
		o.Host = host
		other := ask(ctx, o, mostForTrial)
		if !other.healthy() {
			continue
		}
		f := &doctor.Finding{
			Code: "host-header", Message: "another server of nginx answers: the status page is that of " + short(host),
			Evidence: []doctor.Evidence{other.tried("Host: " + host)},
			Fix:      e.settings(&o),
		}
		if host == "" {
			f.Message = "nginx has no status page for Host: " + short(s.options.Host)
			f.Evidence[0] = other.tried("the host of the target")
			f.Fix = []string{e.setting("leave out --nginx.host-header", "no host")}
		}
		return f
	}
	return nil
}
