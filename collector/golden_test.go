package collector

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
)

func TestGoldenPages(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			exposition := s.exposition(t)
			oracle.Check(t, exposition)
			sameAsFile(t, filepath.Join("testdata", s.name+".prom"), []byte(settled(oracle.Text(t, exposition))))
		})
	}
}

// settled replaces values that differ between runs or machines by NaN, and such
// labels by three dots. It removes the families of MetricsFull.
func settled(text string) string {
	value := regexp.MustCompile(`(?m)^((?:process_\w+|nginx_exporter_\w+_timestamp_seconds|nginx_exporter_source_duration_seconds|nginxplus_scrape_endpoint_duration_seconds)(?:\{.*\})?) .*$`)
	label := regexp.MustCompile(`="[^"]*"`)
	built := regexp.MustCompile(`(?m)^nginx_exporter_build_info.*$`)
	text = value.ReplaceAllString(text, "$1 NaN")
	text = built.ReplaceAllStringFunc(text, func(line string) string { return label.ReplaceAllString(line, `="..."`) })
	lines := strings.SplitAfter(text, "\n")
	kept := lines[:0]
	full := strings.Contains(text, "\ngo_goroutines ")
	for _, line := range lines {
		own := strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE ")
		if full && (strings.HasPrefix(own, "go_") || strings.HasPrefix(own, "process_")) {
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}
