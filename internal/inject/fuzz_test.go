package inject

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// FuzzRoundTrip injects into any text: a second run must change nothing, and uninject must restore it.
func FuzzRoundTrip(f *testing.F) {
	choice := byte(0)
	for _, manifest := range corpus(f) {
		f.Add(manifest, choice)
		choice++
	}
	f.Fuzz(func(t *testing.T, in string, choice byte) {
		if len(in) <= 1<<16 {
			tryRoundTrip(t, in, choice)
		}
	})
}

// FuzzLines injects into manifests of the corpus with random edits of lines, which are valid YAML more often than random
// bytes.
func FuzzLines(f *testing.F) {
	manifests := corpus(f)
	names := slices.Sorted(maps.Keys(manifests))
	for seed := range uint64(150) {
		f.Add(seed, byte(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, choice byte) {
		r := rand.New(rand.NewPCG(seed, 1))
		lines := strings.SplitAfter(manifests[names[r.IntN(len(names))]], "\n")
		for range 1 + r.IntN(4) {
			lines = edited(r, lines)
		}
		tryRoundTrip(t, strings.Join(lines, ""), choice)
	})
}

// FuzzUninject edits injected manifests at random: a second uninject must change nothing.
func FuzzUninject(f *testing.F) {
	manifests := corpus(f)
	names := slices.Sorted(maps.Keys(manifests))
	sets := optionSets()
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		injected, _, err := inject(manifests[names[r.IntN(len(names))]], sets["marked"])
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(injected, "\n")
		for range 1 + r.IntN(3) {
			lines = edited(r, lines)
		}
		in := strings.Join(lines, "")
		out, _, err := Uninject(in)
		if err != nil {
			return
		}
		if again, outcomes, err := Uninject(out); err != nil || again != out {
			t.Errorf("a second uninject changes the file (%v)\n%s%q\n%q\n%q", err, reportOf(outcomes, nil), in, out, again)
		}
	})
}

// edited makes one random edit.
func edited(r *rand.Rand, lines []string) []string {
	if len(lines) < 2 {
		return lines
	}
	at := r.IntN(len(lines))
	line := lines[at]
	blanks := line[:indent(line)]
	inserted := []string{
		blanks + "# comment\n", "\n", "# left\n", blanks + "  # right\n", "---\n", "...\n", blanks + "initContainers: []\n",
		blanks + "volumes:\n", blanks + "volumes: ~ # none\n", blanks + "metadata: {}\n", blanks + "hostNetwork: true\n",
		blanks + "- name: nginx\n" + blanks + "  image: nginx\n", blanks + "text: |+\n" + blanks + "  # no comment\n\n\n",
		blanks + "text: \"a\n#  b\n\n  " + markBegin + "\n  c\"\n", markBegin + "\n", blanks + markEnd + "\n", blanks + "<<: *base\n",
		blanks + "annotations: {nginx-exporter/native: never}\n",
	}
	switch r.IntN(6) {
	case 0:
		return slices.Delete(slices.Clone(lines), at, at+1)
	case 1:
		return slices.Insert(slices.Clone(lines), at, line)
	case 2:
		return slices.Insert(slices.Clone(lines), at, lines[r.IntN(len(lines))])
	case 3: // a block moves to the right
		moved := slices.Clone(lines)
		for i := at; i < len(moved) && (i == at || indent(moved[i]) > len(blanks)); i++ {
			moved[i] = "  " + moved[i]
		}
		return moved
	case 4: // the end is cut off
		return append(slices.Clone(lines[:at]), strings.TrimRight(line, "\n"))
	}
	return slices.Insert(slices.Clone(lines), at, inserted[r.IntN(len(inserted))])
}

func tryRoundTrip(t *testing.T, in string, choice byte) {
	t.Helper()
	sets := optionSets()
	names := slices.Sorted(maps.Keys(sets))
	o := sets[names[int(choice)%len(names)]]
	out, outcomes, err := inject(in, o)
	if err != nil {
		return
	}
	twice, _, err := inject(out, o)
	if err != nil || twice != out {
		t.Errorf("a second run changes the file: %v\n%q\n%q", err, out, twice)
	}
	before, _, err := Uninject(in)
	if err != nil {
		t.Fatalf("inject succeeds, uninject fails: %v\n%q", err, in)
	}
	after, _, err := Uninject(out)
	if err != nil || after != before {
		t.Errorf("uninject did not restore the file: %v\n%q\n%q", err, before, after)
	}
	for _, outcome := range outcomes {
		if outcome.Status == "" || outcome.Kind == "" {
			t.Errorf("an empty outcome: %+v", outcome)
		}
	}
}
