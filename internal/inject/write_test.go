package inject

import "testing"

// TestPlain checks which strings are written without quotes: those that every parser reads as strings.
func TestPlain(t *testing.T) {
	for _, s := range []string{"", "y", "No", "ON", "~", "null", "1", "0x1f", "1e3", "1_000", "12:30", "2024-01-01", ".inf", "-.Inf", "-", "--", "---", "-x: y", "a: b", "a #b", "a:", "*a", "&a", "!a", "%a", "@a", "`a", "a\tb", "é", ".", "0o17", "+1", "{{x}}"} {
		if plain(s) {
			t.Errorf("%q is written without quotes", s)
		}
	}
	for _, s := range []string{"a", "10m", "64Mi", "nginx-exporter:0.1.0", "--web.listen-address=:9113", "/-/healthy", "http://127.0.0.1:8080/stub_status", "Always"} {
		if !plain(s) {
			t.Errorf("%q is written in quotes", s)
		}
	}
}
