package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prometheus is a range query.
type Prometheus struct {
	URL   string // may have credentials
	Query string
	// Begin and End are the range, Step the time between samples.
	Begin, End time.Time
	Step       time.Duration
	// Fetch requests a path with its query, such as /api/v1/query_range?query=up,
	// below the URL; nil for HTTP. It is for a Prometheus behind the API server.
	Fetch func(ctx context.Context, path string) (status int, body []byte, err error)
}

// ErrNoSeries means that a query returned no series in its whole range.
var ErrNoSeries = errors.New("the query returned no series")

// Limits of requests. Prometheus returns at most 11,000 points of a series.
const (
	pointsPerPage  = 10000
	maxPoints      = 20_000_000
	pageTimeout    = time.Minute
	pageLimit      = 64 << 20
	connectTimeout = 10 * time.Second
)

// Load returns the load of the query, which is read page by page.
//
// See https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries.
func (p Prometheus) Load(ctx context.Context) (*Load, error) {
	base, err := url.Parse(p.URL)
	switch {
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, errors.New("the URL of Prometheus is not a valid http or https URL")
	case strings.TrimSpace(p.Query) == "":
		return nil, errors.New("the query is empty")
	case p.Step < time.Second:
		return nil, fmt.Errorf("the step is %v: it must be at least 1s", p.Step)
	case !p.Begin.Before(p.End.Add(-p.Step)):
		return nil, fmt.Errorf("the range is shorter than two steps of %v", p.Step)
	case p.End.Sub(p.Begin)/p.Step > maxPoints:
		return nil, fmt.Errorf("the range has more than %d steps of %v", maxPoints, p.Step)
	}
	// Errors must not have the credentials.
	name := *base
	name.User = nil
	q := rangeQuery{Prometheus: p, base: base, next: p.Begin, client: &http.Client{
		Transport:     &http.Transport{ResponseHeaderTimeout: pageTimeout, MaxIdleConns: 1, IdleConnTimeout: connectTimeout},
		Timeout:       pageTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	l := newLoad("Prometheus at "+name.String(), func() (sample, error) { return q.sample(ctx) })
	l.notes.advice = "use rate()"
	return l, nil
}

// rangeQuery is a query whose pages are read.
type rangeQuery struct {
	Prometheus
	base   *url.URL
	client *http.Client
	next   time.Time // begin of the next page
	points []point   // left of this page
	labels string    // of the series, empty until one was returned
}

// sample returns the next sample, or io.EOF.
func (q *rangeQuery) sample(ctx context.Context) (sample, error) {
	for len(q.points) == 0 {
		if q.next.After(q.End) {
			q.client.CloseIdleConnections()
			if q.labels == "" {
				return sample{}, fmt.Errorf("%w between %s and %s: %s", ErrNoSeries, q.Begin.Format(time.RFC3339), q.End.Format(time.RFC3339), q.Query)
			}
			return sample{}, io.EOF
		}
		end := q.next.Add((pointsPerPage - 1) * q.Step)
		if end.After(q.End) {
			end = q.End
		}
		page, err := q.page(ctx, q.next, end)
		if err != nil {
			return sample{}, err
		}
		q.next = end.Add(q.Step)
		if err := q.one(page); err != nil {
			return sample{}, err
		}
	}
	p := q.points[0]
	q.points = q.points[1:]
	return p.sample()
}

// one takes the points of a page, which has one series or none.
func (q *rangeQuery) one(page []series) error {
	if len(page) == 0 {
		return nil
	}
	all := names(page)
	if len(page) == 1 && q.labels != "" && all[0] != q.labels {
		all = append(all, q.labels)
	}
	if len(all) > 1 {
		return fmt.Errorf("the query returned %d series, such as %s: use sum() for the rate of all pods", len(all), list(all))
	}
	q.labels, q.points = all[0], page[0].Values
	return nil
}

// series is a series of a response.
type series struct {
	Metric map[string]string `json:"metric"`
	Values []point           `json:"values"`
}

// point is a time in seconds and a value as text.
type point [2]any

// name returns the series as written in PromQL.
func (s series) name() string {
	var labels []string
	for name, value := range s.Metric {
		if name != "__name__" {
			labels = append(labels, name+"="+strconv.Quote(value))
		}
	}
	slices.Sort(labels)
	return s.Metric["__name__"] + "{" + strings.Join(labels, ",") + "}"
}

func names(page []series) []string {
	var list []string
	for _, s := range page {
		list = append(list, s.name())
	}
	return list
}

func (p point) sample() (sample, error) {
	at, isNumber := p[0].(float64)
	text, isText := p[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if !isNumber || !isText || err != nil {
		return sample{}, errNotPrometheus()
	}
	s := sample{value: value, where: "at " + time.UnixMilli(int64(at*1000)).UTC().Format(time.RFC3339)}
	s.at, err = unix(at)
	return s, err
}

func errNotPrometheus() error {
	return errors.New("the response is not that of the API of Prometheus")
}

// page requests the samples of a range.
func (q *rangeQuery) page(ctx context.Context, begin, end time.Time) ([]series, error) {
	form := url.Values{
		"query": {q.Query}, "step": {strconv.FormatFloat(q.Step.Seconds(), 'f', -1, 64)},
		"start": {unixText(begin)}, "end": {unixText(end)},
	}
	fetch := q.Fetch
	if fetch == nil {
		fetch = q.get
	}
	status, body, err := fetch(ctx, "/api/v1/query_range?"+form.Encode())
	switch {
	case err != nil:
		return nil, err
	case len(body) > pageLimit:
		return nil, errors.New("the response is larger than 64 MiB: the query returns too many series")
	}
	return decode(status, body)
}

// get requests a path over HTTP. The body is at most one byte longer than pageLimit.
func (q *rangeQuery) get(ctx context.Context, path string) (status int, body []byte, err error) {
	path, query, _ := strings.Cut(path, "?")
	address := q.base.JoinPath(path)
	address.RawQuery = query
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return 0, nil, errors.New("the URL of Prometheus is not valid")
	}
	response, err := q.client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the URL, which may have credentials
		}
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, pageLimit+1))
	return response.StatusCode, body, err
}

// decode returns the series of a response, or the error that it reports.
func decode(status int, body []byte) ([]series, error) {
	var r struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			ResultType string   `json:"resultType"`
			Result     []series `json:"result"`
		} `json:"data"`
	}
	const maxError = 200
	err := json.Unmarshal(body, &r)
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, fmt.Errorf("HTTP status %d: it requires credentials, as in http://USER:PASSWORD@HOST", status)
	case err == nil && r.Error != "":
		return nil, fmt.Errorf("the query failed: %.*s", maxError, strings.Join(strings.Fields(r.Error), " "))
	case status != http.StatusOK:
		return nil, fmt.Errorf("HTTP status %d", status)
	case err != nil || r.Status != "success" || r.Data.ResultType != "matrix":
		return nil, errNotPrometheus()
	}
	return r.Data.Result, nil
}

func unixText(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}
