package collector

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-kit/log"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/exporter"
)

// TargetOptions say how one target is scraped and how its series are labelled.
type TargetOptions struct {
	Client client.Options

	// Labels are on every series of the target, except where a metric has a
	// label of that name itself. Names must be valid and unique.
	Labels []metric.Label

	// Filter selects which metrics are exposed.
	Filter source.Filter

	// Sources are read in each scrape in addition to those of the protocol, such
	// as access logs. The caller owns them, and keeps them open while the target
	// exists. Their names must differ from those of the protocols.
	Sources []source.Source
}

// identity identifies a target across reloads: a target keeps its counters if its
// address and labels stay, even if other options change.
func (o *TargetOptions) identity() string {
	return fmt.Sprintf("%q %q", o.Client.Target.Key(), o.Labels)
}

// equal reports whether the options are the same, so that connections can stay.
func (o *TargetOptions) equal(other *TargetOptions) bool {
	a, b := *o, *other
	if !slices.Equal(a.Sources, b.Sources) {
		return false
	}
	a.Sources, b.Sources = nil, nil // DeepEqual must not read their state, which may be changing
	return reflect.DeepEqual(a, b)
}

// target is one nginx and its state between scrapes.
type target struct {
	options   TargetOptions
	client    *client.Client
	selection *source.Selection
	protocols []source.Protocol
	metrics   *exporter.Targets
	rate      *tracker // nil without rates
	logger    log.Logger

	sampling atomic.Bool // a sample is in progress

	mu       sync.Mutex
	session  session                 // of the next scrape
	scrapes  map[string]*scrape      // in progress, by their keys
	sources  map[string]*sourceState // by name
	requests float64                 // sent by clients that a reload has replaced
}

// session is a protocol and its reader for one target.
type session struct {
	source.Protocol
	reader source.Reader
}

// sourceState is the state of one source of a target. It survives reloads of the
// configuration.
type sourceState struct {
	counters *exporter.Counters
	health   health

	// Outcome of the last scrape of a source of the protocol. Its failure is
	// logged by the health of the first source.
	err  error
	read bool
}

// failedSource is a source whose last scrape failed.
type failedSource struct {
	name string
	err  error
}

func (c *Collector) newTarget(options TargetOptions, logger log.Logger) (*target, error) {
	options.Sources = slices.Clone(options.Sources)
	known := sourcesOf(c.protocols)
	for _, s := range options.Sources {
		known = append(known, source.Info{Name: s.Name(), Default: true})
	}
	selection, err := options.Filter.Compile(known)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	if err := checkFamilies(options.Sources); err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	connected, err := client.New(options.Client)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", options.Client.Target, err)
	}
	t := &target{
		options:   options,
		client:    connected,
		selection: selection,
		protocols: c.protocols,
		metrics:   c.metrics,
		rate:      c.rates.newTracker(),
		logger:    log.With(logger, "target", options.Client.Target.String()),
		scrapes:   map[string]*scrape{},
		sources:   map[string]*sourceState{},
	}
	t.session = t.open(t.firstProtocol())
	return t, nil
}

// checkFamilies checks that families of the same name have the same type, since
// they share one header.
func checkFamilies(additional []source.Source) error {
	if len(additional) == 0 {
		return nil
	}
	kinds := map[string]metric.Kind{}
	for _, f := range Families() {
		kinds[f.Name] = f.Kind
	}
	for _, s := range additional {
		for _, f := range s.Families() {
			if kind, known := kinds[f.Name]; known && kind != f.Kind {
				return fmt.Errorf("source %s: the metric %s is a %s elsewhere, not a %s", s.Name(), f.Name, kind, f.Kind)
			}
			kinds[f.Name] = f.Kind
		}
	}
	return nil
}

// firstProtocol returns the protocol of the target's mode, or the first one in
// mode auto.
func (t *target) firstProtocol() source.Protocol {
	mode := t.options.Client.Mode
	for _, p := range t.protocols {
		if mode == client.Mode(p.Name()) {
			return p
		}
	}
	return t.protocols[0]
}

func (t *target) open(p source.Protocol) session { return session{p, p.Open(t.client)} }

// protocol returns the current protocol of the target.
func (t *target) protocol() source.Protocol {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session.Protocol
}

// inherit takes over the state of the target that this one replaces.
func (t *target) inherit(from *target) {
	from.mu.Lock()
	defer from.mu.Unlock()
	for name, state := range from.sources {
		inherited := t.state(name)
		inherited.counters = state.counters.Clone()
		inherited.counters.Possible = t.possible(name)
		inherited.err, inherited.read = state.err, state.read
		inherited.health.state, inherited.health.logged = state.health.state, state.health.logged
	}
	if t.options.Client.Mode == client.ModeAuto {
		t.session = t.open(from.session.Protocol)
	}
	t.requests = from.requests + float64(from.client.Requests())
	a, b := &t.options.Client, &from.options.Client
	if t.rate != nil && from.rate != nil && a.Host == b.Host && a.Mode == b.Mode {
		t.rate = from.rate.clone()
	}
}

// state returns the state of a source, a new one if it has none. The lock is
// held.
func (t *target) state(name string) *sourceState {
	state := t.sources[name]
	if state == nil {
		state = &sourceState{
			counters: &exporter.Counters{Source: name, Possible: t.possible(name), Errors: map[client.Reason]float64{}},
			health:   newHealth(t.logger, name),
		}
		t.sources[name] = state
	}
	return state
}

// offers reports whether the target has one of the named sources, or may have it.
func (t *target) offers(names []string) bool {
	if slices.ContainsFunc(t.options.Sources, func(s source.Source) bool { return slices.Contains(names, s.Name()) }) {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.options.Client.Mode != client.ModeAuto
	for _, info := range t.session.Sources() {
		if slices.Contains(names, info.Name) {
			return true
		}
		state := t.sources[info.Name]
		known = known || state != nil && state.read
	}
	return !known
}

// possible returns which failures and drops can occur for a source of the target.
func (t *target) possible(name string) exporter.Possible {
	if slices.ContainsFunc(t.options.Sources, func(s source.Source) bool { return s.Name() == name }) {
		possible := additionalPossible()
		possible.HasLimit = t.selection.MaxSeries > 0
		return possible
	}
	discovery := slices.ContainsFunc(t.protocols, func(p source.Protocol) bool { return p.Discovery() == name })
	var info source.Info
	for _, known := range sourcesOf(t.protocols) {
		if known.Name == name {
			info = known
		}
	}
	possible := exporter.Possible{
		Reasons:      t.options.Client.Reasons(),
		HasDuplicate: !discovery && !info.Single,
		HasInvalid:   !discovery, // which has no series
		HasLimit:     !discovery && t.selection.MaxSeries > 0,
	}
	if info.FromDiscovery {
		possible.Reasons = nil
	}
	return possible
}

// requestsSent returns how many requests the exporter has sent to the target.
func (t *target) requestsSent() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests + float64(t.client.Requests())
}
