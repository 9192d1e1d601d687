// Package source defines what the engine reads: a [Source] is one object that can
// fail by itself, and a [Protocol] is a status interface of nginx. Each protocol
// has a package below this one, and so have the metrics of the exporter itself.
//
// It must not import package collector, which runs sources.
package source

import (
	"context"
	"errors"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/view"
)

// Source is one object that can fail by itself: a status page, a document of
// an API, an access log.
type Source interface {
	// Name is the label source, the key in the log and the value of collect[].
	Name() string

	// Families describes all metrics that the source can have.
	Families() []metric.Family

	// Collect adds all series of the source, or none. It returns [ErrAbsent] if
	// the target does not have the object; other errors are counted and logged
	// with their [client.ReasonOf].
	Collect(ctx context.Context, b *metric.Batch) error
}

// Recent is a source that has gauges over windows of time, for autoscalers that
// cannot compute them.
type Recent interface {
	Source

	// Sample reads the source, so that the gauges are up to date when they are
	// requested.
	Sample(ctx context.Context)

	// AddRecent adds the gauges over the last window, those that are known. It does
	// not read anything.
	AddRecent(b *metric.Batch, window time.Duration)
}

// Viewed is a [Protocol], or a source that a target has in addition, whose objects
// the live page shows. Without it the page shows only whether the target was read.
type Viewed interface {
	// Views says what the metrics mean. They are the same in each call.
	Views() []view.View
}

// ErrAbsent is returned by a source that the target turns out not to have. It is
// not a failure: the scrape reports nothing about that source.
var ErrAbsent = errors.New("the target does not have this source")

// Info describes a source that can be enabled and disabled.
type Info struct {
	Name    string // such as http_upstreams
	About   string // what it collects, for the help of its flag
	Default bool   // enabled by default

	// Single says that the source has at most one object of each table, and so no
	// series with the same labels.
	Single bool

	// FromDiscovery says that [Reader.Discover] reads what the source has, so that
	// it cannot fail by itself.
	FromDiscovery bool

	// Requests is the counter of all requests of the server, which request rates
	// are computed from. It is empty if the source has none.
	Requests string
}

// Protocol is a status interface of nginx, such as stub_status or the NGINX Plus
// API. It has no state: each target has a [Reader].
type Protocol interface {
	// Name is the value of --nginx.mode.
	Name() string

	// Description names the protocol in messages, such as "the NGINX Plus API".
	Description() string

	// Discovery is the source name under which [Reader.Discover] is reported. It
	// is empty if Discover makes no request.
	Discovery() string

	// Sources describes all sources in the order in which they are read. A detail
	// of a source that can be enabled by itself has an entry of its own.
	Sources() []Info

	// Families describes all metrics of the protocol.
	Families() []metric.Family

	// Recognizes reports whether the error of another protocol means that the
	// target may have this one. The [client.Error] has the beginning of the response.
	Recognizes(err error) bool

	// Open returns the reader of one target. The caller keeps ownership of the
	// client.
	Open(c *client.Client) Reader
}

// Reader reads one target, and remembers between scrapes what it offers. It is
// safe for concurrent use.
type Reader interface {
	// Discover returns the sources to read: those that the target offers and the
	// selection enables. It may include a disabled source that others depend on;
	// its series are not exposed.
	Discover(ctx context.Context, selection *Selection) ([]Source, error)

	// Outdated reports whether the results of a scrape show that the sources of
	// the target have changed and must be discovered again. It may send requests;
	// their failure does not fail the scrape.
	Outdated(ctx context.Context, results []*Result) bool

	// Report adds series about the scrape as a whole.
	Report(b *metric.Batch, up bool, results []*Result)
}

// Result is the outcome of one source in one scrape.
type Result struct {
	Source   string        // its name
	Done     bool          // false until it was read
	Err      error         // why it failed
	Duration time.Duration // elapsed time, if it is not done
	Batch    *metric.Batch // its series, nil if it failed
}

// Success reports whether the source was read.
func (r *Result) Success() bool { return r.Done && r.Err == nil }
