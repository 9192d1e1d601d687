package plan

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/suggest"
)

// rangesOf responds to range queries with a daily wave, of which CPU uses one percent of the
// request for each request per second, from a time on.
func rangesOf(t *testing.T, from time.Time) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, perRequest := r.FormValue("query"), 1.0
		if strings.Contains(query, "container_cpu_usage_seconds_total") {
			perRequest = 0.01
		}
		if !strings.Contains(query, `pod=~"web-[bcdfghjklmnpqrstvwxz2456789]{1,10}-`) || perRequest < 1 && !strings.Contains(query, `container="nginx"`) {
			t.Errorf("query %s", query)
		}
		begin, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		var points []string
		for at := begin; at <= end; at += suggestedStep.Seconds() {
			if at >= float64(from.Unix()) {
				rate := 50 - 40*math.Cos(2*math.Pi*at/(24*time.Hour).Seconds())
				points = append(points, fmt.Sprintf(`[%f,"%f"]`, at, rate*perRequest))
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestSuggest(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	r := request(deployment())
	made, err := Suggest(t.Context(), readCluster(t, "adapter").observe(r.Ref), r, rangesOf(t, now.Add(-72*time.Hour)), now)
	if err != nil {
		t.Fatal(err)
	}
	if made.Confidence != suggest.High || made.Target < 95 || made.Target > 100 {
		t.Errorf("%v with confidence %s", made.Target, made.Confidence)
	}
	_, err = Suggest(t.Context(), readCluster(t, "adapter").observe(r.Ref), r, rangesOf(t, now.Add(-time.Hour)), now)
	if !IsInput(err) || !strings.Contains(err.Error(), "A day of data is required") {
		t.Errorf("an hour of data: %v", err)
	}
}
