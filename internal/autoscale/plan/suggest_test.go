package plan

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/suggest"
	"nginx-exporter/internal/doctor/cluster"
)

// rangeResponse is the response to a range query: a daily wave, of which CPU uses one percent
// of the request for each request per second, from a time on. Requests are slower above a
// rate; if it is 0, no access log is read.
func rangeResponse(t *testing.T, from time.Time, slowFrom float64, query string) string {
	t.Helper()
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Error(err)
	}
	expr, perRequest := form.Get("query"), 1.0
	switch {
	case strings.Contains(expr, "container_cpu_usage_seconds_total"):
		perRequest = 0.01
	case strings.Contains(expr, "nginx_http_request_duration_seconds_bucket") && slowFrom == 0:
		return `{"status":"success","data":{"resultType":"matrix","result":[]}}`
	case strings.Contains(expr, "nginx_http_request_duration_seconds_bucket"):
		perRequest = 0
	}
	if !strings.Contains(expr, `pod=~"web-[bcdfghjklmnpqrstvwxz2456789]{1,10}-`) || perRequest == 0.01 && !strings.Contains(expr, `container="nginx"`) {
		t.Errorf("query %s", expr)
	}
	begin, _ := strconv.ParseFloat(form.Get("start"), 64)
	end, _ := strconv.ParseFloat(form.Get("end"), 64)
	var points []string
	for at := begin; at <= end; at += suggestedStep.Seconds() {
		if at >= float64(from.Unix()) {
			rate := 50 - 40*math.Cos(2*math.Pi*at/(24*time.Hour).Seconds())
			value := rate * perRequest
			if perRequest == 0 {
				value = 0.02
				if rate > slowFrom {
					value = 0.05
				}
			}
			points = append(points, fmt.Sprintf(`[%f,"%f"]`, at, value))
		}
	}
	return fmt.Sprintf(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}

func TestSuggest(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	r := request(deployment())
	for name, tt := range map[string]struct {
		cluster, address string
		data             time.Duration
		slowFrom, low    float64
		want             string // of an error, or in the text
	}{
		"through the API server": {"adapter", "", 72 * time.Hour, 0, 95, "Latency is not considered: there is no nginx_http_request_duration_seconds"},
		"directly":               {"bare", "http://prometheus.test:9090", 72 * time.Hour, 0, 95, "Latency is not considered: there is no nginx_http_request_duration_seconds"},
		"with an access log":     {"adapter", "", 72 * time.Hour, 60, 60, "is twice that of a low load from 6"},
		"an hour of data":        {"adapter", "", time.Hour, 0, 0, "no target can be suggested: A day of data is required"},
		"no Prometheus":          {"bare", "", 0, 0, 0, "no Prometheus was found; give its URL with --prometheus.url"},
	} {
		t.Run(name, func(t *testing.T) {
			c := readCluster(t, tt.cluster)
			const proxy = "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/query_range?"
			o := cluster.New(t.Context(), cluster.Options{
				Namespace: "shop", Workload: r.Ref,
				Run: func(ctx context.Context, args []string) ([]byte, error) {
					if query, found := strings.CutPrefix(args[2], proxy); found {
						return []byte(rangeResponse(t, now.Add(-tt.data), tt.slowFrom, query)), nil
					}
					return c.run(ctx, args)
				},
				Fetch: func(_ context.Context, address, path string) (int, []byte, error) {
					if address != tt.address {
						t.Errorf("requested %s", address)
					}
					_, query, _ := strings.Cut(path, "?")
					return 200, []byte(rangeResponse(t, now.Add(-tt.data), tt.slowFrom, query)), nil
				},
			})
			made, err := Suggest(t.Context(), o, r, tt.address, now)
			if tt.data < 24*time.Hour {
				if !IsInput(err) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v; want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkSuggestion(t, made, tt.low, tt.want)
		})
	}
}

// checkSuggestion requires a target from low on, and a part of the text.
func checkSuggestion(t *testing.T, made *suggest.Suggestion, low float64, part string) {
	t.Helper()
	var text strings.Builder
	if err := made.WriteText(&text, 80); err != nil {
		t.Fatal(err)
	}
	if made.Confidence != suggest.High || made.Target < low || made.Target > low+5 || !strings.Contains(text.String(), part) {
		t.Errorf("want %v and %q:\n%s", low, part, text.String())
	}
}
