package plus

import (
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
	"nginx-exporter/collector/metric"
)

// responseRows are the metrics of objects that count responses.
func responseRows(o *Options) []metric.Row[*plus.Responses] {
	type doc = *plus.Responses
	codes := listedCodes
	if o.PadCodes {
		codes = paddedCodes()
	}
	return []metric.Row[doc]{
		metric.CounterVec("responses", "Responses by status code class.", "code",
			metric.Labelled("1xx", func(r doc) value.Value { return r.Informational }),
			metric.Labelled("2xx", func(r doc) value.Value { return r.Success }),
			metric.Labelled("3xx", func(r doc) value.Value { return r.Redirection }),
			metric.Labelled("4xx", func(r doc) value.Value { return r.ClientError }),
			metric.Labelled("5xx", func(r doc) value.Value { return r.ServerError })),
		metric.DynamicVec(metric.KindCounter, "responses_codes", "Responses by status code.", "code", codes),
	}
}

func listedCodes(to []metric.Series, r *plus.Responses) []metric.Series {
	for i := range r.Codes {
		to = append(to, metric.Series{Label: r.Codes[i].Code, Value: r.Codes[i].Count})
	}
	return to
}

// paddedCodes returns a function that appends the codes that
// nginx-prometheus-exporter exposes, with zero if nginx did not list them, and
// then all other listed codes.
func paddedCodes() func([]metric.Series, *plus.Responses) []metric.Series {
	padding := legacyCodes()
	zeros := make([]metric.Series, len(padding))
	places := map[string]int{}
	for i, code := range padding {
		zeros[i] = metric.Series{Label: code, Value: value.Of(0)}
		places[code] = i
	}
	return func(to []metric.Series, r *plus.Responses) []metric.Series {
		first := len(to)
		to = append(to, zeros...)
		for i := range r.Codes {
			code := &r.Codes[i]
			switch place, padded := places[code.Code]; {
			case !padded:
				to = append(to, metric.Series{Label: code.Code, Value: code.Count})
			case code.Count.IsSet():
				to[first+place].Value = code.Count
			}
		}
		return to
	}
}

// legacyCodes are the status codes that nginx-prometheus-exporter exposes.
func legacyCodes() []string {
	return []string{
		"100", "101", "102", "200", "201", "202", "204", "206", "300", "301", "302", "303", "304", "307",
		"400", "401", "403", "404", "405", "408", "409", "411", "412", "413", "414", "415", "416", "429",
		"444", "494", "495", "496", "497", "499", "500", "501", "502", "503", "504", "507",
	}
}
