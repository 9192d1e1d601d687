package dashboard

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the dashboards of the chart")

// files is where the chart and the mixin find the dashboards.
const files = "../../charts/nginx-exporter/dashboards"

func TestGolden(t *testing.T) {
	var names []string
	for _, b := range Boards() {
		names = append(names, b.Name+".json")
		got, err := b.JSON()
		if err != nil {
			t.Fatal(err)
		}
		// kubectl apply keeps a copy of an object in an annotation, whose limit is 256 KiB.
		if len(got) > 200<<10 {
			t.Errorf("%s has %d bytes", b.Name, len(got))
		}
		path := filepath.Join(files, b.Name+".json")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not up to date: make golden", path)
		}
	}
	found, err := filepath.Glob(filepath.Join(files, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if !slices.Contains(names, filepath.Base(path)) {
			t.Errorf("%s is not generated", path)
		}
	}
}
