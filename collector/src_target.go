package collector

import (
	"nginx-exporter/client"
	"nginx-exporter/client/value"
)

// targetState is what a scrape found out about its target as a whole.
type targetState struct {
	up bool
	// requests is how many requests the exporter has made to this nginx.
	requests float64
}

// upTable tells whether a target answered. It is part of every page, a probe's
// included.
func upTable(prefix, help string) *table[*targetState] {
	return &table[*targetState]{
		source: exporterSource,
		prefix: prefix,
		rows: []row[*targetState]{
			gauge("up", help, func(s *targetState) value.Value { return boolean(s.up) }),
		},
	}
}

func requestsTable() *table[*targetState] {
	return &table[*targetState]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*targetState]{
			counter("nginx_requests_total", "Requests this exporter made to nginx, which counts them among its own.",
				func(s *targetState) value.Value { return value.Of(s.requests) }),
		},
	}
}

// sourceState is what a scrape found out about one of its sources.
type sourceState struct {
	source  string
	path    string // of the NGINX Plus API
	success bool
	seconds float64
}

func sourceTable() *table[*sourceState] {
	return &table[*sourceState]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*sourceState]{
			gauge("source_duration_seconds", "Time the last scrape of the source took.",
				func(s *sourceState) value.Value { return value.Of(s.seconds) }),
			gauge("source_success", "Whether the last scrape of the source succeeded (1) or not (0).",
				func(s *sourceState) value.Value { return boolean(s.success) }),
		},
		labels: []string{"source"},
		values: func(values []string, s *sourceState) []string { return append(values, s.source) },
	}
}

// endpointTable tells the same of documents of the NGINX Plus API by their
// paths, as its users know them.
func endpointTable() *table[*sourceState] {
	return &table[*sourceState]{
		source: exporterSource,
		prefix: "nginxplus_scrape_",
		rows: []row[*sourceState]{
			gauge("endpoint_duration_seconds", "Time the last request to the endpoint of the NGINX Plus API took.",
				func(s *sourceState) value.Value { return value.Of(s.seconds) }),
			gauge("endpoint_success", "Whether the endpoint of the NGINX Plus API was read at the last scrape (1) or not (0).",
				func(s *sourceState) value.Value { return boolean(s.success) }),
		},
		labels: []string{"endpoint"},
		values: func(values []string, s *sourceState) []string { return append(values, "/"+s.path) },
	}
}

// errorCount is how often a source failed for one reason.
type errorCount struct {
	source string
	reason client.Reason
	count  float64
}

func errorTable() *table[*errorCount] {
	return &table[*errorCount]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*errorCount]{
			counter("scrape_errors_total", "Scrapes of the source that failed, by reason.",
				func(e *errorCount) value.Value { return value.Of(e.count) }),
		},
		labels: []string{"reason", "source"},
		values: func(values []string, e *errorCount) []string { return append(values, string(e.reason), e.source) },
	}
}

// dropCount is how many series were left out for one reason.
type dropCount struct {
	reason string
	count  float64
}

// Dropped counts series that were left out of pages.
type Dropped struct {
	Duplicate float64 // another series has the same labels
	Invalid   float64 // the number makes no sense, such as a wrapped gauge
	Limit     float64 // there were more than Choice.MaxSeries
}

func (d *Dropped) add(other Dropped) {
	d.Duplicate += other.Duplicate
	d.Invalid += other.Invalid
	d.Limit += other.Limit
}

func (d *Dropped) counts() []*dropCount {
	return []*dropCount{{"duplicate", d.Duplicate}, {"invalid", d.Invalid}, {"limit", d.Limit}}
}

func droppedTable() *table[*dropCount] {
	return &table[*dropCount]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*dropCount]{
			counter("series_dropped_total", "Series left out of the page, by reason.",
				func(d *dropCount) value.Value { return value.Of(d.count) }),
		},
		labels: []string{"reason"},
		values: func(values []string, d *dropCount) []string { return append(values, d.reason) },
	}
}

func boolean(b bool) value.Value {
	if b {
		return value.Of(1)
	}
	return value.Of(0)
}
