package collector

import (
	dto "github.com/prometheus/client_model/go"
)

// Kind is the type of a metric family.
type Kind uint8

const (
	// Gauge goes up and down.
	Gauge Kind = iota
	// Counter only goes up, until it begins at zero again.
	Counter
	// Histogram counts in buckets.
	Histogram
)

// String returns the type as the text format writes it.
func (k Kind) String() string {
	switch k {
	case Counter:
		return "counter"
	case Histogram:
		return "histogram"
	case Gauge:
	}
	return "gauge"
}

func (k Kind) dto() *dto.MetricType {
	switch k {
	case Counter:
		return dto.MetricType_COUNTER.Enum()
	case Histogram:
		return dto.MetricType_HISTOGRAM.Enum()
	case Gauge:
	}
	return dto.MetricType_GAUGE.Enum()
}

// Desc describes one metric family.
type Desc struct {
	Name   string
	Help   string // one sentence
	Kind   Kind
	Labels []string // its own labels, sorted; the target's come on top
	Source string   // the nginx object it is read from, or "exporter"
}

// header returns the lines that begin the family in the text format.
func (d *Desc) header() string {
	return "# HELP " + d.Name + " " + d.Help + "\n# TYPE " + d.Name + " " + d.Kind.String() + "\n"
}
