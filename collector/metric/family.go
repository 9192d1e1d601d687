package metric

import (
	dto "github.com/prometheus/client_model/go"
)

// Kind is the type of a metric family.
type Kind uint8

// The types of metric families that tables can have.
const (
	KindGauge Kind = iota
	KindCounter
	KindHistogram
	KindSummary // sum and count, without quantiles
)

// String returns the type as the text format writes it.
func (k Kind) String() string {
	switch k {
	case KindCounter:
		return "counter"
	case KindHistogram:
		return "histogram"
	case KindSummary:
		return "summary"
	case KindGauge:
	}
	return "gauge"
}

// dto returns the type as protobuf has it.
func (k Kind) dto() *dto.MetricType {
	switch k {
	case KindCounter:
		return dto.MetricType_COUNTER.Enum()
	case KindHistogram:
		return dto.MetricType_HISTOGRAM.Enum()
	case KindSummary:
		return dto.MetricType_SUMMARY.Enum()
	case KindGauge:
	}
	return dto.MetricType_GAUGE.Enum()
}

// Family describes a metric family.
type Family struct {
	Name   string
	Help   string // one sentence
	Kind   Kind
	Labels []string // its own, sorted, without le and the labels of targets
	Origin string   // what it is read from, such as a path of an API
}
