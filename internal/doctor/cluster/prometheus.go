package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Reasons of an [Error] about Prometheus.
const (
	Down          = "down"           // the connection was closed, or Prometheus reports an error
	Unreachable   = "unreachable"    // not reachable from here
	BadQuery      = "bad query"      // Prometheus rejects the query
	NotPrometheus = "not prometheus" // another program responds
	LoginRequired = "login required" // Prometheus, or a proxy, wants credentials
)

// Fetcher requests a path of the Prometheus at a URL.
type Fetcher func(ctx context.Context, address, path string) (status int, body []byte, err error)

// Prometheus requests the HTTP API of one Prometheus, either directly or through
// the API server. See https://prometheus.io/docs/prometheus/latest/querying/api/.
type Prometheus struct {
	// Name is its URL, without credentials.
	Name      string
	fetch     func(path string) (status int, body []byte, err error)
	responses map[string]promResponse
}

type promResponse struct {
	status int
	body   []byte
	err    error
}

// fetchDirectly is a Fetcher that uses HTTP.
func fetchDirectly(ctx context.Context, address, path string) (int, []byte, error) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: RequestTimeout},
		Timeout:       RequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+path, http.NoBody)
	if err != nil {
		return 0, nil, &Error{Down, "no such address"}
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, connectionError(Down, withoutURL(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, responseLimit))
	if err != nil {
		return 0, nil, &Error{Down, withoutURL(err)}
	}
	return response.StatusCode, body, nil
}

// withoutURL is the text of an error without its URL, which may have credentials.
func withoutURL(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}

// direct is the Prometheus at a URL, requested from here.
func (o *Observation) direct(ctx context.Context, address string) *Prometheus {
	return &Prometheus{
		Name: WithoutLogin(address), responses: map[string]promResponse{},
		fetch: func(path string) (int, []byte, error) { return o.options.Fetch(ctx, address, path) },
	}
}

// behind is the Prometheus behind a Service, requested through the API server.
func (o *Observation) behind(s ServiceAddress) *Prometheus {
	return &Prometheus{
		Name: s.String(), responses: map[string]promResponse{},
		fetch: func(path string) (int, []byte, error) {
			body, err := read[string](o, proxyPath(s.Namespace, "services", s.Scheme, s.Name, s.Port, s.Path+path))
			if err == nil {
				return http.StatusOK, []byte(body), nil
			}
			status, err := s.statusOf(err)
			return status, nil, err
		},
	}
}

// PrometheusAt is the Prometheus at a URL: of a Service, through the API server, or of any
// other host, directly.
func (o *Observation) PrometheusAt(address string) *Prometheus {
	if s, inside := ParseService(address, ""); inside && strings.Contains(address, ".svc") {
		return o.behind(s)
	}
	return o.direct(o.ctx, address)
}

// Fetch requests a path with its query below the URL.
func (p *Prometheus) Fetch(path string) (status int, body []byte, err error) { return p.fetch(path) }

// statusOf tells responses of Prometheus from errors of the API server: kubectl reports
// both in the same way. It returns the HTTP status of the former.
func (s ServiceAddress) statusOf(err error) (status int, _ error) {
	text := err.Error()
	switch ReasonOf(err) {
	case BadRequest, "Invalid":
		return http.StatusBadRequest, nil
	case Unauthorized:
		return http.StatusUnauthorized, nil
	case Forbidden:
		if !strings.Contains(text, "cannot get resource") && !strings.Contains(text, "is forbidden: User") {
			return http.StatusForbidden, nil // from a proxy in front of Prometheus
		}
		return 0, err
	case NotFound:
		if strings.Contains(text, s.Name) {
			return 0, &Error{Down, text} // the Service does not exist, or has no endpoints
		}
		return http.StatusNotFound, nil
	case NoResponse:
		// The API server responded before, so it is Prometheus that does not.
		return 0, &Error{Unreachable, text}
	case NoKubectl, NoContext, Throttled:
		return 0, err
	case Internal:
		if strings.HasPrefix(text, "Internal error occurred") {
			return 0, &Error{"", text} // of the API server itself
		}
	}
	return 0, connectionError(Unavailable, text)
}

// connectionError classifies a missing response. A closed connection, or a Service
// without endpoints, means that Prometheus is down. After a timeout or a refused
// connection, other clients may still reach it; not if the API server was refused.
func connectionError(by, text string) error {
	signs := []string{"timeout", "timed out", "deadline exceeded", "no route to host", "unreachable", "no such host", "x509", "http response to https"}
	if by == Down {
		signs = append(signs, "connection refused")
	}
	for _, sign := range signs {
		if strings.Contains(strings.ToLower(text), sign) {
			return &Error{Unreachable, text}
		}
	}
	return &Error{Down, text}
}

// IsUnreachable reports whether the text of an error is that of a connection that other
// clients may still be able to make.
func IsUnreachable(text string) bool { return ReasonOf(connectionError(Down, text)) == Unreachable }

// call requests a path, only once, and decodes the data of the response.
func (p *Prometheus) call(path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	r, found := p.responses[path]
	if !found {
		r.status, r.body, r.err = p.fetch(path)
		p.responses[path] = r
	}
	if r.err != nil {
		return r.err
	}
	var reply struct {
		Status, Error, ErrorType string
		Data                     json.RawMessage
	}
	malformed := json.Unmarshal(r.body, &reply)
	switch {
	case reply.ErrorType != "bad_data" && isLimit(reply.Error):
		return &Error{"", reply.Error}
	case r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity:
		if reply.Error == "" {
			reply.Error = fmt.Sprintf("HTTP status %d%s", r.status, firstLine(r.body))
		}
		return &Error{BadQuery, reply.Error}
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || isLoginPage(r.body):
		return &Error{LoginRequired, fmt.Sprintf("HTTP status %d", r.status)}
	case r.status/100 == 5:
		return &Error{Down, fmt.Sprintf("HTTP status %d", r.status)}
	case malformed != nil && bytes.HasPrefix(r.body, []byte(`{"status":`)):
		return &Error{Malformed, "the response of Prometheus is incomplete"}
	case r.status != http.StatusOK, malformed != nil, reply.Status != "success":
		return &Error{NotPrometheus, fmt.Sprintf("HTTP status %d, not a response of the Prometheus API", r.status)}
	}
	if err := json.Unmarshal(reply.Data, into); err != nil {
		return &Error{NotPrometheus, "malformed data"}
	}
	return nil
}

// isLoginPage reports whether a response is the page of a proxy that wants a login.
func isLoginPage(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) && regexp.MustCompile(`(?i)\b(sign|log) ?in\b|oauth|openid`).Match(body)
}

// isLimit reports whether Prometheus gives up on a query that it accepts.
func isLimit(message string) bool {
	for _, part := range []string{"timed out", "canceled", "too many samples", "limit"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// firstLine is the error message of a program that does not respond in the format of
// Prometheus: a line of plain text, but not of HTML or JSON.
func firstLine(body []byte) string {
	const longest = 200
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if line == "" || len(line) > longest || !utf8.ValidString(line) || strings.ContainsAny(line, "<{") {
		return ", without an error message"
	}
	return ": " + line
}

// Sample is one value with its labels.
type Sample struct {
	Labels map[string]string
	Value  float64 // NaN if it is not a number
	At     time.Time
}

// Query evaluates an expression now. A result that is not a vector counts as empty.
func (p *Prometheus) Query(expr string) ([]Sample, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.call("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil || data.ResultType != "vector" {
		return nil, err
	}
	var vector []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(data.Result, &vector); err != nil {
		return nil, &Error{NotPrometheus, "malformed vector"}
	}
	samples := make([]Sample, 0, len(vector))
	for _, v := range vector {
		at, _ := v.Value[0].(float64)
		text, _ := v.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			value = math.NaN()
		}
		samples = append(samples, Sample{v.Metric, value, time.UnixMilli(int64(at * 1000))})
	}
	return samples, nil
}

// Target is a scrape target of Prometheus.
type Target struct {
	DiscoveredLabels, Labels                                 map[string]string
	ScrapePool, ScrapeURL, Health, LastError, ScrapeInterval string
}

// Pod is the pod of the target, by service discovery or else by its labels.
func (t *Target) Pod() (namespace, name string) {
	if name := t.DiscoveredLabels["__meta_kubernetes_pod_name"]; name != "" {
		return t.DiscoveredLabels["__meta_kubernetes_namespace"], name
	}
	return t.Labels["namespace"], t.Labels["pod"]
}

// Interval is the scrape interval; 0 if it is unknown.
func (t *Target) Interval() time.Duration { return parseDuration(t.ScrapeInterval) }

// Port is the port of the scrape URL; 0 if it has none.
func (t *Target) Port() int {
	u, err := url.Parse(t.ScrapeURL)
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(u.Port())
	return port
}

func (p *Prometheus) activeTargets() ([]Target, error) {
	var data struct{ ActiveTargets []Target }
	err := p.call("/api/v1/targets", url.Values{"state": {"active"}}, &data)
	return data.ActiveTargets, err
}

// DroppedTargets lists the targets that a job drops by relabelling.
func (p *Prometheus) DroppedTargets(job string) ([]Target, error) {
	var data struct{ DroppedTargets []Target }
	err := p.call("/api/v1/targets", url.Values{"state": {"dropped"}, "scrapePool": {job}}, &data)
	return data.DroppedTargets, err
}

// Started is when Prometheus was started; zero if it does not report that.
func (p *Prometheus) Started() time.Time {
	var data struct{ StartTime time.Time }
	if p.call("/api/v1/status/runtimeinfo", nil, &data) != nil {
		return time.Time{}
	}
	return data.StartTime
}

// Jobs lists the scrape jobs.
func (p *Prometheus) Jobs() ([]string, error) {
	var data struct{ ScrapePools []string }
	err := p.call("/api/v1/scrape_pools", nil, &data)
	return data.ScrapePools, err
}

// parseDuration parses a duration of Prometheus, such as 1m30s or 2d; 0 if it is invalid.
func parseDuration(text string) time.Duration {
	d, _ := model.ParseDuration(text)
	return time.Duration(d)
}
