// Package source says what the engine reads: a [Source] is one object that can
// fail by itself, and a [Protocol] is one way in which an nginx reports on
// itself. The folders below have one protocol each, and what the exporter
// reports on itself.
//
// It must not import package collector, which runs sources.
package source

import (
	"context"
	"errors"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
)

// Source is one object that can fail by itself: a status page, a document of
// an API, an access log.
type Source interface {
	// Name is the label source, the key in the log and the value of collect[].
	Name() string

	// Families describes all metrics that the source can have.
	Families() []metric.Family

	// Collect adds the series of the source, all or none. An object that the
	// target does not have is [ErrAbsent]; other errors are counted and logged
	// by their [client.ReasonOf].
	Collect(ctx context.Context, b *metric.Batch) error
}

// ErrAbsent is the error of a source that the target turns out not to have. It
// is no failure: nothing is reported on that source.
var ErrAbsent = errors.New("the target does not have this source")

// Info describes a source that can be switched on and off, before there is a
// target.
type Info struct {
	Name    string // such as http_upstreams
	About   string // what it collects, in a few words, for the help of its flag
	Default bool   // it is on unless the configuration says otherwise

	// Single says that the source has no two objects of a kind, and so no
	// series with the same labels.
	Single bool

	// Requests is the family that counts all requests of the server, which
	// rates are computed of. It is empty if the source has none.
	Requests string
}

// Protocol is one way in which an nginx reports on itself, such as stub_status
// or the API of NGINX Plus. It has no state: each target has a [Reader].
type Protocol interface {
	// Name is the value of --nginx.mode.
	Name() string

	// Discovery is the name of the source under which [Reader.Discover] is
	// reported. It is empty if that makes no request.
	Discovery() string

	// Sources describes what can be switched on and off, in the order in which
	// it is read. What belongs to another source has an entry of its own.
	Sources() []Info

	// Families describes all metrics of the protocol.
	Families() []metric.Family

	// Recognizes reports whether an error with which another protocol failed
	// means that the target may speak this one.
	Recognizes(err error) bool

	// Open returns the reader of one target. The client stays the caller's.
	Open(c *client.Client) Reader
}

// Reader reads one target, and remembers between scrapes what it offers. It is
// safe for concurrent use.
type Reader interface {
	// Discover returns the sources to be read: those that the target offers
	// and the selection has. A source that is not in the selection may be
	// among them, if others depend on it; its series are not shown.
	Discover(ctx context.Context, selection *Selection) ([]Source, error)

	// Outdated reports whether the sources of a scrape show that the target
	// offers something else by now, and must be discovered again.
	Outdated(results []*Result) bool

	// Report adds series about the scrape as a whole.
	Report(b *metric.Batch, up bool, results []*Result)
}

// Result is the outcome of one source in one scrape.
type Result struct {
	Source   string        // its name
	Done     bool          // false while it is being read
	Err      error         // why it failed
	Duration time.Duration // so far, if it is not done
	Batch    *metric.Batch // its series, nil if it failed
}

// Success reports whether the source was read.
func (r *Result) Success() bool { return r.Done && r.Err == nil }
