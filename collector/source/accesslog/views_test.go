package accesslog

import (
	"slices"
	"testing"

	"nginx-exporter/client/accesslog"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/view"
)

// With each set of names the live page has requests, classes and durations of all
// requests, and of each virtual host if the metrics have that label.
func TestViews(t *testing.T) {
	t.Parallel()
	const line = `{"host":"a","status":"503","request_time":"0.250","request_method":"GET"}`
	for _, names := range AllNames() {
		s := newSource(t, accesslog.Options{Format: `{"host":"$host","status":"$status","request_time":"$request_time","request_method":"$request_method"}`},
			Options{Names: names, HostLabel: true}, line, line)
		b := metric.NewBatch(nil)
		if err := s.Collect(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, v := range s.Views() {
			titles = append(titles, v.Title)
			table := view.Build(&v, []*metric.Batch{b})
			for _, role := range []view.Role{view.Requests, view.Responses5xx, view.Duration} {
				i := slices.IndexFunc(table.Data, func(d view.Data) bool { return d.Role == role })
				if i < 0 || table.Data[i].Values[0].Float() != 2 {
					t.Errorf("%s: %q has not two lines as %s", names, v.Title, role)
				}
			}
		}
		want := []string{"", "virtual hosts"}
		if names == NamesNginxlog {
			want = want[:1]
		}
		if !slices.Equal(titles, want) {
			t.Errorf("%s: the views are %q", names, titles)
		}
	}
}
