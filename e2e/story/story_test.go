package story

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestQuantityReadsSuffixes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"17": 17, "17500m": 17.5, "2k": 2000, "250u": 0.00025} {
		if got, err := quantity(text); err != nil || got-want > 1e-9 || want-got > 1e-9 {
			t.Errorf("quantity(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := quantity("many"); err == nil {
		t.Errorf("quantity(many) = %v, want an error", got)
	}
}

func TestRelabelingsKeepLabelAndPort(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(relabelings(map[string]string{"app.kubernetes.io/name": "a.b"}, "shop/x", "9113"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name"`, `"(a.b);true"`,
		`{"action":"keep","regex":"9113","source_labels":["__meta_kubernetes_pod_container_port_number"]}`,
		`{"replacement":"shop/x","target_label":"job"}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}
