package metric_test

import (
	"maps"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/collector/metric"
)

// FuzzLabelEscaping uses any text as each kind of label value, and any name as
// the name of a target's label. The exposition must parse to the same labels,
// with invalid UTF-8 replaced.
func FuzzLabelEscaping(f *testing.F) {
	seeds := []string{
		"", "plain", nasty, `\`, `\\`, `\n`, "\n", `"`, `\"`, "\r\n", "\x00", "}", `",x="`, "\xff", "a\xc3", "\xed\xa0\x80", "\ufffd", "# EOF\n", "世界",
	}
	for i, seed := range seeds {
		next := seeds[(i+1)%len(seeds)]
		f.Add("addr", seed, "env", next, seed+next, next+seed, seed)
		f.Add("zone", next, "code", seed, seed, next, next)
		f.Add("le", seed, "peer", seed, next, seed, next)
		f.Add("a", seed, "zz", next, next, next, seed)
	}
	f.Fuzz(func(t *testing.T, name, value, second, secondValue, peer, zone, extra string) {
		if !fitForTarget(name) || !fitForTarget(second) || name == second {
			return // the configuration rejects it
		}
		target := []metric.Label{{Name: name, Value: value}, {Name: second, Value: secondValue}}
		object := things()[0]
		object.peer, object.zone, object.codes = peer, zone, []thingCode{{extra, 1}}
		families := oracle.Check(t, expositionOf(batchOf(thingTable("code"), target, object)))
		own := map[string]string{"peer": peer, "zone": zone}
		checkLabels(t, families["test_plain"], target, own)
		checkLabels(t, families["test_times_seconds"], target, own)
		own["code"] = extra
		checkLabels(t, families["test_dynamic"], target, own)
		own["code"] = "good"
		checkLabels(t, families["test_vec"], target, own)
	})
}

func fitForTarget(name string) bool {
	return model.LegacyValidation.IsValidLabelName(name) && !strings.HasPrefix(name, model.ReservedLabelPrefix)
}

// checkLabels checks the labels of a family's first series: its own, and those of
// the target with other names.
func checkLabels(tb testing.TB, f *dto.MetricFamily, target []metric.Label, own map[string]string) {
	tb.Helper()
	want := map[string]string{}
	for _, label := range target {
		want[label.Name] = strings.ToValidUTF8(label.Value, "\uFFFD")
	}
	delete(want, "le") // the table has a histogram, which needs it
	for name, value := range own {
		want[name] = strings.ToValidUTF8(value, "\uFFFD")
	}
	got := map[string]string{}
	for _, pair := range f.GetMetric()[0].GetLabel() {
		got[pair.GetName()] = pair.GetValue()
	}
	if !maps.Equal(got, want) {
		tb.Errorf("%s has labels %q; want %q", f.GetName(), got, want)
	}
}
