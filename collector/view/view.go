// Package view says what metrics mean, so that the live page can show the zones,
// upstreams and servers of any protocol. A protocol lists its views: for each kind of
// object the labels that identify one, and the metric of each column. Values, labels
// and PromQL then come from the same rows as /metrics.
//
// It knows no protocol, and imports neither the engine nor sources.
package view

import "slices"

// Kind is what the rows of a view are.
type Kind string

// The kinds, in the order in which they are shown.
const (
	Nginx    Kind = "nginx"    // the whole instance, which is one row
	Zone     Kind = "zone"     // a part of the traffic, such as a virtual host
	Upstream Kind = "upstream" // a group of servers
	Server   Kind = "server"   // one server of an upstream
)

// Role is the meaning of a column. Columns of different protocols with the same role
// are shown, sorted and judged alike. A role that a protocol does not have is left
// out: the page does not show a zero for it.
type Role string

// Counters. What they count is per second on the page.
const (
	Requests     Role = "requests" // of zones and servers of stream, connections
	Responses1xx Role = "1xx"
	Responses2xx Role = "2xx"
	Responses3xx Role = "3xx"
	Responses4xx Role = "4xx"
	Responses5xx Role = "5xx"
	Accepted     Role = "accepted" // connections
	Handled      Role = "handled"  // connections; the difference to Accepted was dropped
	Dropped      Role = "dropped"  // connections
	Sent         Role = "sent"     // bytes
	Received     Role = "received" // bytes
	Fails        Role = "fails"    // unsuccessful attempts to reach a server
	Overflows    Role = "overflows"
)

// Gauges.
const (
	Active       Role = "active" // connections; of upstream servers, those to the server
	Reading      Role = "reading"
	Writing      Role = "writing"
	Waiting      Role = "waiting"    // idle connections
	Processing   Role = "processing" // requests
	Keepalive    Role = "keepalive"  // idle connections of an upstream
	Queued       Role = "queued"     // requests in the queue of an upstream
	Limit        Role = "limit"      // of connections to a server
	Weight       Role = "weight"
	Backup       Role = "backup"        // 1 for a backup server
	ResponseTime Role = "response_time" // average in seconds; see Column.Scale
	DownSince    Role = "down_since"    // Unix seconds
)

// Roles of other columns.
const (
	// Duration is a histogram of seconds: the page computes quantiles of what was
	// added between two scrapes.
	Duration Role = "duration"
	// Status is the state of a server; see Column.State.
	Status Role = "state"
	// Version is the version of nginx, which is a label; see Column.Text.
	Version Role = "version"
)

// State is the state of a server.
type State string

// The states, the worst first.
const (
	Unavailable State = "unavailable" // too many failed attempts
	Unhealthy   State = "unhealthy"   // failed health checks
	Down        State = "down"        // disabled
	Checking    State = "checking"    // waiting for its first health check
	Busy        State = "busy"        // at its limit of connections
	Draining    State = "draining"    // no new sessions
	Unknown     State = "unknown"     // not one of the others
	Up          State = "up"
)

// States lists the states, the worst first.
func States() []State {
	return []State{Unavailable, Unhealthy, Down, Checking, Busy, Draining, Unknown, Up}
}

// View maps the metrics of one kind of object to columns.
type View struct {
	Kind Kind

	// Title names the objects in the plural, such as "location zones". Views of one
	// protocol differ in it. It is empty for the kind Nginx.
	Title string

	// By are the labels that identify an object, the most general one first: for
	// servers upstream, then the address. Series that differ only in other labels are
	// added up. It is empty for the kind Nginx.
	By []string

	// Columns are read from the metrics of the same target. Several columns may have
	// the same role: the first one that has a value counts.
	Columns []Column
}

// Column is one property of an object and the metric it is read from.
type Column struct {
	Role   Role
	Metric string // a family of the protocol or source

	// Label and Value select series by one more label, such as code and 5xx. A value
	// that ends in * selects all values that begin with the rest. Empty means all.
	Label, Value string

	// Scale converts a gauge to the unit of its role, such as 0.001 for milliseconds.
	// Zero means 1.
	Scale float64

	// State converts the metric of the role Status.
	State func(metric float64) State

	// Text is the label that has the text of the role Version.
	Text string
}

// With returns a copy with more columns, without those that it has already.
func (v *View) With(columns []Column) *View {
	more := *v
	more.Columns = slices.Clone(v.Columns)
	for i := range columns {
		if !slices.ContainsFunc(v.Columns, func(c Column) bool { return c.same(&columns[i]) }) {
			more.Columns = append(more.Columns, columns[i])
		}
	}
	return &more
}

func (c *Column) same(as *Column) bool {
	return c.Role == as.Role && c.Metric == as.Metric && c.Label == as.Label && c.Value == as.Value
}

// Responses returns the five columns of a metric that has a label with status codes
// (200) or classes (2xx).
func Responses(metric, label string) []Column {
	return []Column{
		{Role: Responses1xx, Metric: metric, Label: label, Value: "1*"},
		{Role: Responses2xx, Metric: metric, Label: label, Value: "2*"},
		{Role: Responses3xx, Metric: metric, Label: label, Value: "3*"},
		{Role: Responses4xx, Metric: metric, Label: label, Value: "4*"},
		{Role: Responses5xx, Metric: metric, Label: label, Value: "5*"},
	}
}

// ByNumber returns a function for Column.State of a metric that has the place of the
// state in a list.
func ByNumber(states ...State) func(float64) State {
	return func(metric float64) State {
		if i := int(metric); i >= 0 && i < len(states) && float64(i) == metric {
			return states[i]
		}
		return Unknown
	}
}
