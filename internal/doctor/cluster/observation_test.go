package cluster

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// responses are those of an API server, by path without query.
type responses map[string]string

func (r responses) run(_ context.Context, args []string) ([]byte, error) {
	path, _, _ := strings.Cut(args[2], "?")
	if text, found := r[path]; found {
		return []byte(text), nil
	}
	return nil, &Error{NotFound, "not found"}
}

// A fact is requested once at most, and not before it is needed.
func TestFactsAreObservedOnce(t *testing.T) {
	requests := map[string]int{}
	r := responses{"/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers": `{"items": [{"metadata": {"name": "web"}}]}`}
	o := New(t.Context(), Options{Namespace: "shop", Name: "web", Run: func(ctx context.Context, args []string) ([]byte, error) {
		requests[args[2]]++
		return r.run(ctx, args)
	}})
	for range 2 {
		if o.HPA() == nil || o.ScaledObject() != nil || len(o.HPAs.Value()) != 1 {
			t.Errorf("the HPA is %v", o.HPA())
		}
	}
	if len(requests) != 1 || requests["/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"] != 1 {
		t.Errorf("requested %v", requests)
	}
}

func TestFacts(t *testing.T) {
	known, unknown := Known(3), Unknown[int](&Error{Forbidden, "no"})
	if v, err := known.Get(); v != 3 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if v := unknown.Value(); v != 0 || ReasonOf(unknown.Err()) != Forbidden {
		t.Errorf("%d, %v", v, unknown.Err())
	}
}

// The clock of the machine may differ from that of the cluster.
func TestClock(t *testing.T) {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	o := New(t.Context(), Options{Now: func() time.Time { return at }})
	if got := o.Age(at.Add(time.Minute)); got != 0 {
		t.Errorf("something in the future is %s old", got)
	}
	if got := o.Age(at); got != time.Minute {
		t.Errorf("a minute before it is %s", got)
	}
	for _, tt := range []struct{ clock, want time.Duration }{{63 * time.Second, time.Minute}, {-time.Hour, -time.Hour}, {-90 * 24 * time.Hour, -time.Hour}} {
		o.syncClock(at.Add(tt.clock))
		if got := o.Now().Sub(at); got != tt.want {
			t.Errorf("a clock that is %s off sets ours to %s", tt.clock, got)
		}
	}
}

// Queries do not name hundreds of pods in one URL.
func TestManyPods(t *testing.T) {
	pods := make([]Pod, 700)
	for i := range pods {
		pods[i].Metadata.Name = "web-7d9f8c6b5d-abcde"
	}
	o := Observation{Namespace: Known("shop"), Pods: Known(Pods{Live: pods})}
	if n := len(o.QueriedPods()); n < 100 || len(url.QueryEscape(o.requestQuery())) > 4000 {
		t.Errorf("%d pods in %d bytes", n, len(url.QueryEscape(o.requestQuery())))
	}
}

// The oldest ready pod is preferred, since a new pod has no rate yet.
func TestOldestExporter(t *testing.T) {
	pod := func(name, created string, ready string) Exporter {
		var p Pod
		text := `{"metadata": {"name": "` + name + `", "creationTimestamp": "` + created + `"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "` + ready + `"}]}}`
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		return Exporter{Pod: &p}
	}
	pods := Pods{Exporters: []Exporter{
		pod("new", "2026-11-25T11:59:50Z", "True"), pod("old", "2026-11-25T11:00:00Z", "True"), pod("ill", "2026-11-25T10:00:00Z", "False"),
	}}
	if got := pods.Oldest().Pod.Metadata.Name; got != "old" {
		t.Errorf("the oldest is %s", got)
	}
	pods.Exporters = pods.Exporters[2:]
	if got := pods.Oldest().Pod.Metadata.Name; got != "ill" {
		t.Errorf("the oldest of one is %s", got)
	}
}

// An address given by the user does not hide a wrong one in KEDA's trigger.
func TestWrongTrigger(t *testing.T) {
	const right, wrong = "http://prometheus-operated.monitoring.svc:9090", "http://prometheus.monitoring.svc:9090"
	const service = "/api/v1/namespaces/monitoring/services/prometheus-operated"
	for name, tt := range map[string]struct {
		kind, address string
		change        responses
		want          bool
	}{
		"a right address":        {"prometheus", right, responses{service: `{"spec": {"clusterIP": "None"}}`}, false},
		"no such Service":        {"prometheus", wrong, responses{service: `{"spec": {"clusterIP": "None"}}`}, true},
		"another port":           {"prometheus", right, responses{service: `{"spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]}}`}, true},
		"a host outside":         {"prometheus", "http://prometheus.example:9090", nil, false},
		"the exporters directly": {"metrics-api", "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			all := responses{"/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects/web": `{"spec": {"triggers": [{"type": "` + tt.kind + `", "metadata": {"serverAddress": "` + tt.address + `"}}]}}`}
			maps.Copy(all, tt.change)
			o := New(t.Context(), Options{Namespace: "shop", Name: "web", Run: all.run})
			o.HPAs = Known[[]HPA](nil)
			if got := o.wrongTrigger(); (got != nil) != tt.want {
				t.Errorf("wrongTrigger() = %+v, want one: %v", got, tt.want)
			}
		})
	}
}

// A refused connection, as after the end of kubectl port-forward, does not mean that
// Prometheus is down, nor does an untrusted certificate. A closed connection does.
func TestConnectionsToPrometheus(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // it has no connections
	tls := httptest.NewTLSServer(nil)
	defer tls.Close()
	closes := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer closes.Close()
	o := New(t.Context(), Options{})
	for address, want := range map[string]string{
		"http://" + l.Addr().String(): Unreachable, tls.URL: Unreachable, closes.URL: Down, strings.Replace(closes.URL, "http:", "https:", 1): Unreachable,
	} {
		if _, err := o.direct(t.Context(), address).Query("vector(1)"); ReasonOf(err) != want {
			t.Errorf("%s: %v, which is %q instead of %q", address, err, ReasonOf(err), want)
		}
	}
}

// An observation with known facts only requests nothing.
func TestNothingToRequest(t *testing.T) {
	o := Observation{Namespace: Known("shop")}
	if _, err := o.Service("shop", "web"); err == nil || IsClientSide(err) {
		t.Errorf("a Service was read: %v", err)
	}
}
