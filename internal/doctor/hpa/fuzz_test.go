package hpa

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/doctor"
)

// Whatever is missing or malformed in responses, the doctor does not crash, shows no
// credentials, and reports nothing as healthy that it could not check.
func FuzzExamine(f *testing.F) {
	paths := slices.Sorted(maps.Keys(realCluster()))
	for i := range paths {
		for at := range 40 {
			f.Add(uint8(i), uint16(at), uint8(at), uint8(i*7), uint16(at*3), uint8(i))
		}
	}
	known := map[doctor.Code]bool{}
	for _, code := range Codes() {
		known[code] = true
	}
	odd := []any{nil, "", "x", secret, float64(-1), 1e300, true, []any{}, map[string]any{}, []any{nil}, "http://a:" + secret + "@[::1", "{{<<", "2026-11-25T12:00:01Z"}
	scenes := scenes()
	f.Fuzz(func(t *testing.T, which uint8, at uint16, how, second uint8, at2 uint16, how2 uint8) {
		all := realCluster()
		scene := scenes[int(which^second)%len(scenes)]
		maps.Copy(all, scene.change)
		for _, m := range [][3]int{{int(which), int(at), int(how)}, {int(second), int(at2), int(how2)}} {
			keys := slices.Sorted(maps.Keys(all))
			mutateResponse(all, keys[m[0]%len(keys)], m[1], odd[m[2]%len(odd)])
		}
		report := examineReal(t, all, scene.replies)
		checkReport(t, report)
		for _, code := range report.Codes() {
			if !known[code] {
				t.Errorf("%q is not a known code", code)
			}
		}
	})
}

// checkReport checks what holds for every report.
func checkReport(t *testing.T, report *doctor.Report) {
	t.Helper()
	var document bytes.Buffer
	if err := report.WriteJSON(&document); err != nil || !json.Valid(document.Bytes()) || strings.Contains(document.String(), ":"+secret) || len(report.Steps) == 0 {
		t.Fatalf("%v: %s", err, document.String())
	}
	last := report.Steps[len(report.Steps)-1]
	if report.Verdict() == doctor.Healthy && last.Name != "decision" {
		t.Errorf("it ends at step %s, but is healthy", last.Name)
	}
}

// mutateResponse replaces the n-th value of a response, or a whole response that is not
// JSON.
func mutateResponse(all responses, path string, n int, odd any) {
	var tree any
	if json.Unmarshal([]byte(all[path]), &tree) == nil {
		odd = mutate(tree, &n, odd)
	}
	if text, err := json.Marshal(odd); err == nil {
		all[path] = string(text)
	}
}

// mutate replaces the n-th value of a tree.
func mutate(tree any, n *int, odd any) any {
	if *n--; *n == -1 {
		return odd
	}
	switch v := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if *n >= 0 {
				v[key] = mutate(v[key], n, odd)
			}
		}
	case []any:
		for i := range v {
			if *n >= 0 {
				v[i] = mutate(v[i], n, odd)
			}
		}
	}
	return tree
}
