// Package accesslog counts the lines of an access log: responses, durations, bytes,
// upstream servers and cache.
//
// It must not import package collector, which runs sources. Inputs and parsers
// are in client/accesslog.
package accesslog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/client/accesslog/input"
	"nginx-exporter/collector/metric"
)

// Options say how the lines of a log are counted.
type Options struct {
	// Name distinguishes several logs. It is the label log, which the metrics of
	// requests have only if LabelLog is set.
	Name     string
	LabelLog bool

	Format *accesslog.Format

	// Names selects the names of metrics.
	Names Names

	// Buckets are the upper bounds of durations in seconds, in ascending order;
	// DefaultBuckets if there are none.
	Buckets []float64

	// MaxSeries bounds the combinations of label values. Further lines are counted
	// with the value other. Zero means DefaultMaxSeries.
	MaxSeries int

	// Routes are the values of the label route, such as /users/{id} and /static/*.
	// Without them the metrics have no such label.
	Routes []string

	// Exclude are rules for lines that are not counted, such as path:/healthz and
	// user-agent:kube-probe/.
	Exclude []string

	// MethodDurations adds the label method to durations and bytes.
	MethodDurations bool

	// CodeClass exposes 2xx instead of 200.
	CodeClass bool

	// HostLabel uses the host that clients send as label server, if the format has
	// no $server_name. Clients can send any.
	HostLabel bool

	// UpstreamAddr uses the addresses of servers as label upstream, not the name of
	// the upstream. Series of addresses that are not used for Expire are removed.
	UpstreamAddr bool

	// Expire is how long series are kept whose label values come and go: addresses
	// and hosts. Zero means DefaultExpire.
	Expire time.Duration

	// Windows are those of gauges for autoscalers: the share of errors, and the 95th
	// percentile of durations. Without them there are no such gauges.
	Windows []time.Duration

	// Logger gets a line when lines do not match the format. Nil discards them.
	Logger log.Logger

	// Now replaces the clock in tests.
	Now func() time.Time
}

// Defaults of [Options].
const (
	DefaultName      = "access"
	DefaultMaxSeries = 1000
	DefaultExpire    = time.Hour
)

// DefaultBuckets returns the upper bounds of durations in seconds.
func DefaultBuckets() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// sizeBuckets are the bounds of access-log-exporter for sizes, in bytes.
func sizeBuckets() []float64 { return []float64{10, 1000, 1e5, 1e6, 5e6, 5e7, 2e8} }

// Source counts the lines of one log. It implements source.Source.
type Source struct {
	options Options
	input   input.Input
	state   *metric.Table[*state]

	mu       sync.Mutex
	counts   counts
	mismatch mismatches
}

// New returns the source of a log. The caller keeps the input open while the
// source is used. A nil input has no lines; it is for descriptions of the metrics.
func New(in input.Input, o Options) (*Source, error) {
	if o.Format == nil {
		return nil, errors.New("no log_format")
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.MaxSeries == 0 {
		o.MaxSeries = DefaultMaxSeries
	}
	if o.Expire == 0 {
		o.Expire = DefaultExpire
	}
	if len(o.Buckets) == 0 {
		o.Buckets = DefaultBuckets()
	}
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Source{options: o, input: in, state: newStateTable()}
	s.counts = counts{format: o.Format, maxSets: o.MaxSeries, since: o.Now().UnixMilli(), now: o.Now().UnixMilli()}
	return s, s.build()
}

// build checks the options and makes the tables.
func (s *Source) build() error {
	o, fields := &s.options, s.options.Format.Fields()
	if o.MaxSeries < 0 {
		return errors.New("the maximum of series is negative")
	}
	if err := s.exclude(fields); err != nil {
		return err
	}
	names, err := newScheme(o)
	if err != nil {
		return err
	}
	groups, err := names.groups(o.Names)
	if err != nil {
		return err
	}
	var fixed []metric.Label
	if o.LabelLog {
		fixed = []metric.Label{{Name: "log", Value: o.Name}}
	}
	s.counts.recent = newRecent(o.Windows, fields, fixed, s.counts.now)
	for _, g := range groups {
		switch t := newTable(g, fields, fixed); {
		case t == nil:
		case g.attempts:
			s.counts.attempts = append(s.counts.attempts, t)
		default:
			s.counts.requests = append(s.counts.requests, t)
		}
	}
	return nil
}

// newScheme returns what the metrics depend on.
func newScheme(o *Options) (*scheme, error) {
	before := math.Inf(-1)
	for _, bound := range o.Buckets {
		if !(bound > before) || bound < 0 || math.IsInf(bound, 1) {
			return nil, fmt.Errorf("the buckets %v are not finite numbers in ascending order from 0 on", o.Buckets)
		}
		before = bound
	}
	const unit = float64(time.Millisecond) / float64(time.Second)
	s := &scheme{
		// The exporters whose names are used have no native histograms.
		durations: newScale(unit, o.Buckets, o.Names == "" || o.Names == NamesDefault), sizes: newScale(1, sizeBuckets(), false),
		server: serverLabel("server"), upstream: upstreamLabel("upstream"), class: o.CodeClass,
	}
	fields := o.Format.Fields()
	switch {
	case o.UpstreamAddr && !fields.Has(accesslog.FieldAddr):
		return nil, errors.New("addresses of upstream servers need $upstream_addr in the log_format")
	case o.HostLabel && fields&(accesslog.FieldServer|accesslog.FieldHost) == 0:
		return nil, errors.New("the host as server needs $host in the log_format")
	case o.UpstreamAddr:
		s.upstream = addrLabel("upstream")
	}
	if o.MethodDurations {
		s.method = []label{methodLabel()}
	}
	if !fields.Has(accesslog.FieldServer) && (o.HostLabel || o.Names == NamesALE) {
		s.server = hostLabel("server")
	}
	if len(o.Routes) == 0 {
		return s, nil
	}
	if !fields.Has(accesslog.FieldURI) {
		return nil, errors.New("routes need $uri, $request_uri or $request in the log_format")
	}
	route, err := routeLabel(o.Routes)
	s.route = []label{route}
	return s, err
}

// exclude sets the exclusions.
func (s *Source) exclude(fields accesslog.Field) error {
	all, err := parseExclusions(s.options.Exclude)
	if err != nil {
		return err
	}
	for i, e := range all {
		if !fields.Has(e.needs) {
			return fmt.Errorf("exclusion %q compares what the log_format does not have", s.options.Exclude[i])
		}
	}
	s.counts.exclusions = all
	return nil
}

// Name implements source.Source.
func (s *Source) Name() string {
	if s.options.Name == DefaultName {
		return "access_log"
	}
	return "access_log_" + strings.ReplaceAll(s.options.Name, "-", "_")
}

// Families implements source.Source.
func (s *Source) Families() []metric.Family {
	families := slices.Clone(s.state.Families())
	if s.counts.recent != nil {
		families = append(families, s.counts.recent.table.Families()...)
	}
	for _, t := range append(s.counts.requests[:len(s.counts.requests):len(s.counts.requests)], s.counts.attempts...) {
		families = append(families, t.metrics.Families()...)
	}
	return families
}

// Run counts lines until ctx ends: those of a socket as they arrive, those of a
// file also while nothing is scraped.
func (s *Source) Run(ctx context.Context) { s.input.Run(ctx, s.Count) }

// Collect implements source.Source: it reads what has been written so far.
func (s *Source) Collect(ctx context.Context, b *metric.Batch) error {
	if err := s.input.Read(ctx, s.Count); err != nil {
		return err
	}
	stats := s.input.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now().UnixMilli()
	s.counts.expire(now - s.options.Expire.Milliseconds())
	s.counts.addTo(b)
	s.counts.since = now
	s.addState(b, stats)
	if s.counts.recent != nil {
		s.counts.recent.addTo(b, now, s.options.Windows...)
	}
	return nil
}

// AddRecent implements source.Recent.
func (s *Source) AddRecent(b *metric.Batch, window time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts.recent != nil {
		s.counts.recent.addTo(b, s.options.Now().UnixMilli(), window)
	}
}

// Sample implements source.Recent: it counts what has been written so far.
func (s *Source) Sample(ctx context.Context) { _ = s.input.Read(ctx, s.Count) } // Collect reports the error

// Count counts a batch of lines.
func (s *Source) Count(lines input.Lines) {
	now := s.options.Now()
	s.mu.Lock()
	s.counts.now = now.UnixMilli()
	if s.counts.recent != nil {
		s.counts.recent.advance(s.counts.now)
	}
	for text := range lines {
		if !s.counts.add(text) {
			s.mismatch.add(text, s.options.Format)
		}
	}
	s.counts.since = s.counts.now
	note := s.mismatch.note(now)
	s.mu.Unlock()
	if note != nil { // outside of the lock, since writing to the log may block
		level.Warn(s.options.Logger).Log(note...)
	}
}

// mismatches decides when lines without the format are logged.
type mismatches struct {
	count  uint64 // since the last line of the log
	first  error
	logged time.Time
}

// add records a line.
func (m *mismatches) add(text []byte, format *accesslog.Format) {
	if m.count++; m.first == nil {
		m.first = format.Explain(text)
	}
}

// note returns what to log, nil if there is nothing or it was logged recently.
func (m *mismatches) note(now time.Time) []any {
	const interval = 10 * time.Minute
	if m.count == 0 || !m.logged.IsZero() && now.Sub(m.logged) < interval {
		return nil
	}
	note := []any{
		"msg", "Lines of the access log do not match the configured format", "lines", m.count, "err", m.first,
		"advice", "compare the format with the log_format of this access_log in nginx.conf (nginx -T); " +
			"nginx-exporter check-config --sample=FILE shows what lines become",
	}
	*m = mismatches{logged: now}
	return note
}
