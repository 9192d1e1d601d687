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
// of the request for each request per second, from a time on.
func rangeResponse(t *testing.T, from time.Time, query string) string {
	t.Helper()
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Error(err)
	}
	expr, perRequest := form.Get("query"), 1.0
	if strings.Contains(expr, "container_cpu_usage_seconds_total") {
		perRequest = 0.01
	}
	if !strings.Contains(expr, `pod=~"web-[bcdfghjklmnpqrstvwxz2456789]{1,10}-`) || perRequest < 1 && !strings.Contains(expr, `container="nginx"`) {
		t.Errorf("query %s", expr)
	}
	begin, _ := strconv.ParseFloat(form.Get("start"), 64)
	end, _ := strconv.ParseFloat(form.Get("end"), 64)
	var points []string
	for at := begin; at <= end; at += suggestedStep.Seconds() {
		if at >= float64(from.Unix()) {
			rate := 50 - 40*math.Cos(2*math.Pi*at/(24*time.Hour).Seconds())
			points = append(points, fmt.Sprintf(`[%f,"%f"]`, at, rate*perRequest))
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
		want             string // of an error
	}{
		"through the API server": {"adapter", "", 72 * time.Hour, ""},
		"directly":               {"bare", "http://prometheus.test:9090", 72 * time.Hour, ""},
		"an hour of data":        {"adapter", "", time.Hour, "no target can be suggested: A day of data is required"},
		"no Prometheus":          {"bare", "", 0, "no Prometheus was found; give its URL with --prometheus.url"},
	} {
		t.Run(name, func(t *testing.T) {
			c := readCluster(t, tt.cluster)
			const proxy = "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/query_range?"
			o := cluster.New(t.Context(), cluster.Options{
				Namespace: "shop", Workload: r.Ref,
				Run: func(ctx context.Context, args []string) ([]byte, error) {
					if query, found := strings.CutPrefix(args[2], proxy); found {
						return []byte(rangeResponse(t, now.Add(-tt.data), query)), nil
					}
					return c.run(ctx, args)
				},
				Fetch: func(_ context.Context, address, path string) (int, []byte, error) {
					if address != tt.address {
						t.Errorf("requested %s", address)
					}
					_, query, _ := strings.Cut(path, "?")
					return 200, []byte(rangeResponse(t, now.Add(-tt.data), query)), nil
				},
			})
			made, err := Suggest(t.Context(), o, r, tt.address, now)
			switch {
			case tt.want != "" && (!IsInput(err) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v; want %q", err, tt.want)
			case tt.want == "" && (err != nil || made.Confidence != suggest.High || made.Target < 95 || made.Target > 100):
				t.Errorf("%+v, %v", made, err)
			}
		})
	}
}
