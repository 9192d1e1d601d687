package hpa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// Kinds of failures of Prometheus, as reasons of a refusal.
const (
	promDown     = "down"      // nobody answers there
	promAway     = "away"      // there is no way to it from here
	promBadQuery = "bad query" // it does not understand the question
	promStrange  = "strange"   // what answers is no Prometheus
	promLogin    = "login"     // it does not answer strangers
)

// prometheus asks one Prometheus for what it knows, either directly or through
// the API server, with the rights of the user.
type prometheus struct {
	// name is what people call it.
	name string
	ask  func(ctx context.Context, path string) (status int, body []byte, err error)
}

// direct asks at an address.
func direct(address string) *prometheus {
	base := strings.TrimSuffix(address, "/")
	transport := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: questionLimit}
	client := &http.Client{
		Transport:     transport,
		Timeout:       questionLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &prometheus{name: withoutLogin(address), ask: func(ctx context.Context, path string) (int, []byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, http.NoBody)
		if err != nil {
			return 0, nil, &refusal{promDown, "no such address"}
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, nil, lost(promDown, plain(err))
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
		if err != nil {
			return 0, nil, &refusal{promDown, plain(err)}
		}
		return response.StatusCode, body, nil
	}}
}

// plain is an error of net/http without its URL, which may hold a login.
func plain(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}

func withoutLogin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the given address"
	}
	u.User, u.RawQuery = nil, "" // keys stand there
	return u.String()
}

// behind asks a Service through the API server.
func (c *cluster) behind(s serviceAddress) *prometheus {
	return &prometheus{name: s.String(), ask: func(ctx context.Context, path string) (int, []byte, error) {
		var body string
		err := c.get(ctx, proxied(s.namespace, "services", s.scheme, s.name, s.port, s.path+path), &body)
		if err == nil {
			return http.StatusOK, []byte(body), nil
		}
		status, err := s.refused(err)
		return status, nil, err
	}}
}

// refused tells what Prometheus says no to from what the API server says no to,
// which passes both on in the same form.
func (s serviceAddress) refused(err error) (status int, _ error) {
	text := err.Error()
	switch reasonOf(err) {
	case "BadRequest", "Invalid":
		return http.StatusBadRequest, nil
	case unauthorized:
		return http.StatusUnauthorized, nil
	case forbidden:
		if !strings.Contains(text, "cannot get resource") && !strings.Contains(text, "is forbidden: User") {
			return http.StatusForbidden, nil // a proxy before Prometheus says so
		}
		return 0, err
	case notFound:
		if strings.Contains(text, s.name) {
			return 0, &refusal{promDown, text} // it is the Service that is not there, or has no endpoints
		}
		return http.StatusNotFound, nil
	case noAnswer:
		// The API server has answered before; what it passes on is what takes so long.
		return 0, &refusal{promAway, text}
	case noKubectl, noContext:
		return 0, err
	}
	return 0, lost(unavailable, text)
}

// lost is an answer that did not come. Who closes the connection or has no
// endpoints is down; who cannot be connected to may be well for others, to whom
// firewalls and policies of the network are kinder. The API server gets refused
// only by who is there.
func lost(by, text string) error {
	ways := []string{"timeout", "timed out", "deadline exceeded", "no route to host", "unreachable", "no such host", "x509", "http response to https"}
	if by == promDown {
		ways = append(ways, "connection refused")
	}
	for _, way := range ways {
		if strings.Contains(strings.ToLower(text), way) {
			return &refusal{promAway, text}
		}
	}
	return &refusal{promDown, text}
}

// serviceAddress is a port of a Service of the cluster.
type serviceAddress struct{ scheme, name, namespace, port, path string }

// String is the address as seen from pods.
func (s serviceAddress) String() string {
	return s.scheme + "://" + s.name + "." + s.namespace + ".svc:" + s.port + s.path
}

// serviceOf reads the address of a Service, as pods write it; false for any
// other address. Without a namespace it is the one of whoever uses it.
func serviceOf(address, namespace string) (serviceAddress, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return serviceAddress{}, false
	}
	labels := strings.Split(strings.TrimSuffix(u.Hostname(), "."), ".")
	s := serviceAddress{scheme: u.Scheme, name: labels[0], namespace: namespace, port: u.Port(), path: strings.TrimSuffix(u.Path, "/")}
	if s.port == "" {
		s.port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	const withNamespace, withSvc = 2, 3
	if len(labels) >= withNamespace {
		s.namespace = labels[1]
	}
	isNumber := strings.Trim(u.Hostname(), "0123456789.") == "" || strings.Contains(u.Hostname(), ":")
	return s, !isNumber && s.namespace != "" && (len(labels) <= withNamespace || labels[2] == "svc" && len(labels) >= withSvc)
}

// sample is one value with its labels.
type sample struct {
	Labels map[string]string
	Value  float64
	At     time.Time
}

// reply is what Prometheus wraps its answers in.
type reply struct {
	Status, Error string
	Data          json.RawMessage
}

// call asks for something and reads the data.
func (p *prometheus) call(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	status, body, err := p.ask(ctx, path)
	if err != nil {
		return err
	}
	var r reply
	broken := json.Unmarshal(body, &r)
	switch {
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		if r.Error == "" {
			r.Error = fmt.Sprintf("HTTP status %d%s", status, firstLine(body))
		}
		return &refusal{promBadQuery, r.Error}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return &refusal{promLogin, fmt.Sprintf("HTTP status %d", status)}
	case status/100 == 5:
		return &refusal{promDown, fmt.Sprintf("HTTP status %d", status)}
	case status != http.StatusOK, broken != nil, r.Status != "success":
		return &refusal{promStrange, fmt.Sprintf("HTTP status %d, and no answer of a Prometheus", status)}
	}
	if err := json.Unmarshal(r.Data, into); err != nil {
		return &refusal{promStrange, "an answer that makes no sense"}
	}
	return nil
}

// firstLine is what a program says that does not say it as Prometheus does: a line
// of text, but no page.
func firstLine(body []byte) string {
	const most = 200
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if line == "" || len(line) > most || !utf8.ValidString(line) || strings.ContainsAny(line, "<{") {
		return ", and it does not say why"
	}
	return ": " + line
}

// query evaluates an expression now.
func (p *prometheus) query(ctx context.Context, expr string) ([]sample, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.call(ctx, "/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	if data.ResultType != "vector" {
		return nil, nil
	}
	var vector []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(data.Result, &vector); err != nil {
		return nil, &refusal{promStrange, "a vector that makes no sense"}
	}
	samples := make([]sample, 0, len(vector))
	for _, v := range vector {
		at, _ := v.Value[0].(float64)
		text, _ := v.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			value = math.NaN()
		}
		samples = append(samples, sample{v.Metric, value, time.UnixMilli(int64(at * 1000))})
	}
	return samples, nil
}

// target is one that Prometheus scrapes.
type target struct {
	DiscoveredLabels, Labels                                                map[string]string
	ScrapePool, ScrapeURL, Health, LastError, ScrapeInterval, ScrapeTimeout string
}

// pod is the pod behind a target, by what was discovered or by its labels.
func (t *target) pod() (namespace, name string) {
	if name := t.DiscoveredLabels["__meta_kubernetes_pod_name"]; name != "" {
		return t.DiscoveredLabels["__meta_kubernetes_namespace"], name
	}
	return t.Labels["namespace"], t.Labels["pod"]
}

func (t *target) interval() time.Duration { return duration(t.ScrapeInterval) }

// targets lists what is scraped.
func (p *prometheus) targets(ctx context.Context) ([]target, error) {
	var data struct{ ActiveTargets []target }
	err := p.call(ctx, "/api/v1/targets", url.Values{"state": {"active"}}, &data)
	return data.ActiveTargets, err
}

// dropped lists the targets that relabelling of a job drops.
func (p *prometheus) dropped(ctx context.Context, pool string) ([]target, error) {
	var data struct{ DroppedTargets []target }
	err := p.call(ctx, "/api/v1/targets", url.Values{"state": {"dropped"}, "scrapePool": {pool}}, &data)
	return data.DroppedTargets, err
}

// started is when it began; zero if it does not say.
func (p *prometheus) started(ctx context.Context) time.Time {
	var data struct{ StartTime time.Time }
	if p.call(ctx, "/api/v1/status/runtimeinfo", nil, &data) != nil {
		return time.Time{}
	}
	return data.StartTime
}

// pools lists the scrape jobs.
func (p *prometheus) pools(ctx context.Context) ([]string, error) {
	var data struct{ ScrapePools []string }
	err := p.call(ctx, "/api/v1/scrape_pools", nil, &data)
	return data.ScrapePools, err
}

// duration reads a duration of Prometheus, such as 1m30s or 2d; 0 if it is none.
func duration(text string) time.Duration {
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}
