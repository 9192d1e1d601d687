package plus_test

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"nginx-exporter/client/api"
	"nginx-exporter/client/plus"
	"nginx-exporter/client/value"
)

// absent is what nginx did not send.
const absent = math.MaxFloat64

func number(v float64) value.Value {
	if v == absent {
		return value.Value{}
	}
	return value.Of(v)
}

// fieldRules say how two numbers of one field are merged.
func fieldRules() map[string]string {
	rules := map[string]string{"Backup": "least", "LastPassed": "least", "DownSince": "least", "LastSelected": "most"}
	for _, name := range []string{
		"Weight", "MaxConns", "Active", "Requests", "Connections", "Sent", "Received", "Fails", "Unavail", "Checks", "CheckFails",
		"Unhealthy", "Downtime",
	} {
		rules[name] = "sum"
	}
	for _, name := range []string{"HeaderTime", "ConnectTime", "FirstByteTime", "ResponseTime"} {
		rules[name] = "average"
	}
	return rules
}

// Each number of two servers is merged by its rule; a number that only one of
// them has is kept.
func TestMergeNumbers(t *testing.T) {
	t.Parallel()
	kind := reflect.TypeFor[plus.Peer]()
	for i := range kind.NumField() {
		if kind.Field(i).Type != reflect.TypeFor[value.Value]() {
			continue
		}
		name, rule := kind.Field(i).Name, fieldRules()[kind.Field(i).Name]
		if rule == "" {
			t.Errorf("no rule for %s", name)
		}
		for _, values := range [][2]float64{{3, 5}, {5, 3}, {0, 4}, {absent, 5}, {3, absent}, {absent, absent}, {0, 0}, {-2, 1}} {
			peers := [2]plus.Peer{}
			for j := range peers {
				reflect.ValueOf(&peers[j]).Elem().FieldByName(name).Set(reflect.ValueOf(number(values[j])))
			}
			peers[0].Merge(&peers[1])
			got := reflect.ValueOf(peers[0]).FieldByName(name).Interface()
			if want := number(joined(rule, values[0], values[1])); got != want {
				t.Errorf("%s: %v and %v became %v, want %v", name, values[0], values[1], got, want)
			}
		}
	}
}

func joined(rule string, a, b float64) float64 {
	switch {
	case a == absent:
		return b
	case b == absent:
		return a
	case rule == "sum":
		return a + b
	case rule == "least":
		return min(a, b)
	case rule == "most":
		return max(a, b)
	default:
		return (a + b) / 2
	}
}

// An average is that of all requests, or of all connections.
func TestMergeAverages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ useA, a, useB, b, want float64 }{
		"by use":            {30, 10, 10, 50, 20},
		"one never used":    {30, 10, 0, absent, 10},
		"used, absent":      {30, absent, 10, 50, 50},
		"none used":         {0, 10, 0, 20, 15},
		"use absent":        {absent, 10, absent, 20, 15},
		"one use absent":    {absent, 10, 5, 20, 20},
		"large":             {1e18, 10, 1e18, 20, 15},
		"both never":        {0, absent, 0, absent, absent},
		"nearly all of one": {1e6, 3, 1, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peers := func(use func(*plus.Peer) *value.Value) (a, b plus.Peer) {
				*use(&a), *use(&b) = number(test.useA), number(test.useB)
				a.HeaderTime, b.HeaderTime = number(test.a), number(test.b)
				a.ConnectTime, b.ConnectTime = number(test.a), number(test.b)
				a.FirstByteTime, b.FirstByteTime = number(test.a), number(test.b)
				a.ResponseTime, b.ResponseTime = number(test.a), number(test.b)
				return a, b
			}
			for _, use := range []func(*plus.Peer) *value.Value{
				func(p *plus.Peer) *value.Value { return &p.Requests },
				func(p *plus.Peer) *value.Value { return &p.Connections },
			} {
				a, b := peers(use)
				a.Merge(&b)
				for _, got := range []value.Value{a.HeaderTime, a.ConnectTime, a.FirstByteTime, a.ResponseTime} {
					if got != number(test.want) {
						t.Errorf("got %v, want %v", got.Float(), test.want)
					}
				}
			}
		})
	}
	// The average of three servers does not depend on their order.
	third := func() *plus.Peer {
		return &plus.Peer{Requests: number(60), ResponseTime: number(40)}
	}
	first := plus.Peer{Requests: number(30), ResponseTime: number(10)}
	first.Merge(&plus.Peer{Requests: number(10), ResponseTime: number(50)})
	first.Merge(third())
	if first.ResponseTime != number(32) || first.Requests != number(100) {
		t.Errorf("three became %v of %v", first.ResponseTime.Float(), first.Requests.Float())
	}
}

// The worse of two states is kept; an unknown one may be any.
func TestMergeStates(t *testing.T) {
	t.Parallel()
	names := plus.States()
	for a := range names {
		for b := range names {
			want := max(a, b)
			if min(a, b) == int(plus.StateUnknown) {
				want = int(plus.StateUnknown)
			}
			first := plus.Peer{State: plus.State(a)}      // seven states
			first.Merge(&plus.Peer{State: plus.State(b)}) // seven states
			if int(first.State) != want || first.State.String() != names[want] {
				t.Errorf("%s and %s became %s", names[a], names[b], first.State)
			}
		}
	}
}

// The merged server has the names of the first one.
func TestMergeNames(t *testing.T) {
	t.Parallel()
	upstream := &plus.Upstream{Name: "u"}
	first := plus.Peer{Upstream: upstream, ID: "0", Server: "a:80", Name: "a", Service: "s"}
	first.Merge(&plus.Peer{Upstream: &plus.Upstream{}, ID: "7", Server: "a:80", Name: "b", Service: "r"})
	if want := (plus.Peer{Upstream: upstream, ID: "0", Server: "a:80", Name: "a", Service: "s"}); !reflect.DeepEqual(first, want) {
		t.Errorf("got %+v", first)
	}
}

func TestMergeResponses(t *testing.T) {
	t.Parallel()
	code := func(name string, n float64) api.Code { return api.Code{Code: name, Count: number(n)} }
	// The codes of the servers of a document may share memory.
	memory := []api.Code{code("200", 1), code("404", 2), code("200", 10), code("503", 20)}
	first := plus.Peer{Responses: plus.Responses{Success: number(1), ClientError: number(2), Codes: memory[:2]}}
	second := plus.Peer{Responses: plus.Responses{
		Informational: number(5), Success: number(10), Redirection: number(6), ServerError: number(20), Codes: memory[2:],
	}}
	first.Merge(&second)
	want := plus.Responses{
		Informational: number(5), Success: number(11), Redirection: number(6), ClientError: number(2), ServerError: number(20),
		Codes: []api.Code{code("200", 11), code("404", 2), code("503", 20)},
	}
	if !reflect.DeepEqual(first.Responses, want) {
		t.Errorf("got %+v, want %+v", first.Responses, want)
	}
	if !slices.Equal(second.Responses.Codes, []api.Code{code("200", 10), code("503", 20)}) || memory[0] != code("200", 1) {
		t.Errorf("another server was changed: %+v", memory)
	}
	first.Merge(&plus.Peer{Responses: plus.Responses{Codes: []api.Code{code("404", absent), code("200", 1)}}})
	if got := first.Responses.Codes; got[0] != code("200", 12) || got[1] != code("404", 2) {
		t.Errorf("got %+v", got)
	}
}

func TestMergeTLS(t *testing.T) {
	t.Parallel()
	kind := reflect.TypeFor[plus.TLS]()
	counts := func(by float64) *plus.TLS {
		tls := &plus.TLS{}
		for i := range kind.NumField() {
			reflect.ValueOf(tls).Elem().Field(i).Set(reflect.ValueOf(number(by * float64(i+1))))
		}
		return tls
	}
	for name, test := range map[string]struct{ a, b, want *plus.TLS }{
		"both":      {counts(1), counts(10), counts(11)},
		"one":       {counts(1), nil, counts(1)},
		"the other": {nil, counts(1), counts(1)},
		"none":      {nil, nil, nil},
		"in parts":  {&plus.TLS{Handshakes: number(1)}, &plus.TLS{NoCert: number(2)}, &plus.TLS{Handshakes: number(1), NoCert: number(2)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := plus.Peer{TLS: test.a}, plus.Peer{TLS: test.b}
			var before plus.TLS
			if test.b != nil {
				before = *test.b
			}
			first.Merge(&second)
			if !reflect.DeepEqual(first.TLS, test.want) {
				t.Errorf("got %+v, want %+v", first.TLS, test.want)
			}
			if test.b != nil && *test.b != before {
				t.Error("the other server was changed")
			}
		})
	}
}

// Histograms are added by bucket. An incomplete one is ignored, and two with
// different buckets cannot be added.
func TestMergeHistograms(t *testing.T) {
	t.Parallel()
	bounds := []float64{5, 10, math.Inf(1)}
	histogram := func(sum float64, counts ...float64) *plus.Histogram {
		return &plus.Histogram{Sum: number(sum), Bounds: bounds[:len(counts)], Counts: counts}
	}
	for name, test := range map[string]struct{ a, b, want *plus.Histogram }{
		"both":             {histogram(10, 1, 2, 3), histogram(5, 10, 0, 1), histogram(15, 11, 2, 4)},
		"one":              {histogram(10, 1, 2, 3), nil, histogram(10, 1, 2, 3)},
		"the other":        {nil, histogram(5, 1, 2, 3), histogram(5, 1, 2, 3)},
		"none":             {nil, nil, nil},
		"one without sum":  {histogram(absent, 1, 2, 3), histogram(5, 1, 2, 3), histogram(5, 1, 2, 3)},
		"one of no bucket": {histogram(5, 1, 2, 3), histogram(5), histogram(5, 1, 2, 3)},
		"other buckets":    {histogram(10, 1, 2, 3), histogram(5, 1, 2), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := plus.Peer{ResponseTimes: test.a}, plus.Peer{ResponseTimes: test.b}
			first.Merge(&second)
			if !reflect.DeepEqual(first.ResponseTimes, test.want) && (test.want != nil || first.ResponseTimes.IsSet()) {
				t.Errorf("got %+v, want %+v", first.ResponseTimes, test.want)
			}
			if test.b.IsSet() && test.b.Counts[0] > 10 {
				t.Error("the other server was changed")
			}
		})
	}
}

// Servers with different buckets have no histogram when merged, whatever their
// order: a histogram of some of them would be wrong.
func TestMergeHistogramsMixed(t *testing.T) {
	t.Parallel()
	with := func(bound float64) *plus.Peer {
		return &plus.Peer{ResponseTimes: &plus.Histogram{Sum: number(1), Bounds: []float64{bound}, Counts: []float64{1}}}
	}
	for _, order := range [][]float64{{5, 10, 5}, {5, 5, 10}, {10, 5, 5}, {5, 10, 20}, {5, 10, 10, 10}} {
		first := with(order[0])
		for _, bound := range order[1:] {
			first.Merge(with(bound))
		}
		last := with(order[0])
		last.Merge(first)
		if first.ResponseTimes.IsSet() || last.ResponseTimes.IsSet() {
			t.Errorf("%v left %+v and %+v", order, first.ResponseTimes, last.ResponseTimes)
		}
	}
}

func TestHistogramIsSet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		histogram *plus.Histogram
		set       bool
	}{
		"nil":       {nil, false},
		"empty":     {&plus.Histogram{}, false},
		"no sum":    {&plus.Histogram{Bounds: []float64{1}, Counts: []float64{1}}, false},
		"no bucket": {&plus.Histogram{Sum: number(1)}, false},
		"bounded":   {&plus.Histogram{Sum: number(0), Bounds: []float64{1}, Counts: []float64{0}}, true},
		"with +Inf": {&plus.Histogram{Sum: number(0), Bounds: []float64{1, math.Inf(1)}, Counts: []float64{0, 0}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.histogram.IsSet(); got != test.set {
				t.Errorf("set: %v", got)
			}
		})
	}
}
