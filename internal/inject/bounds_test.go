package inject

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const onePod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: nginx\n    image: nginx\n"

// TestBounds checks large, deep and hostile input.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error // nil if the pod must get the sidecar
	}{
		{"16 MiB and a byte", strings.Repeat("#", maxBytes+1), errTooLarge},
		{"deep flow", onePod + "x: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "\n", errTooDeep},
		{"very deep flow", onePod + "x: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "\n", errTooDeep},
		{"deep blocks", onePod + "x:\n" + deepBlocks(300), errTooDeep},
		{"UTF-16", "\xff\xfea\x00:\x00 \x00b\x00\n\x00", errEncoding},
		{"Latin-1", onePod + "x: \xfc\n", errEncoding},
		{"NUL", onePod + "x: \x00\n", errEncoding},
		{"a template", onePod + "x: {{ .Values.x }}\n", errTemplate},
		{"many objects", "kind: List\nitems:\n" + strings.Repeat("- kind: A\n", maxObjects+1), errTooMany},
		{"a billion laughs", onePod + bomb("[%s]"), nil},
		{"a billion merges", onePod + bomb("{<<: [%s]}"), nil},
		{"an alias to itself", onePod + "x: &x\n  y: *x\n  z: [*x]\n", nil},
		{"many marks in a value", onePod + "x: |\n" + strings.Repeat("  "+markBegin+"\n", 10000), nil},
		{"many comments", onePod + strings.Repeat("# comment\n", 30000), nil},
		{"long lines", onePod + "x: \"" + strings.Repeat("long ", 100000) + "\"\n", nil},
		{"many documents", onePod + strings.Repeat("---\na: b\n", 5000), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func() {
				out, outcomes, err := inject(c.in, Defaults(""))
				if !errors.Is(err, c.want) {
					t.Errorf("error is %v, want %v", err, c.want)
				}
				if c.want != nil {
					return
				}
				if len(outcomes) == 0 || outcomes[0].Status != Injected {
					t.Fatalf("outcomes are %+v", outcomes)
				}
				if back, _, err := Uninject(out); err != nil || back != c.in {
					t.Errorf("uninject did not restore the input: %v", err)
				}
			})
		})
	}
}

// TestLargeList checks that a list of many objects is edited as a whole.
func TestLargeList(t *testing.T) {
	var list strings.Builder
	list.WriteString("apiVersion: v1\nkind: List\nitems:\n")
	for i := range 300 {
		for line := range strings.Lines(onePod) {
			lead := "  "
			if strings.HasPrefix(line, "apiVersion") {
				lead = "- "
			}
			list.WriteString(lead + strings.Replace(line, "name: p", fmt.Sprintf("name: p%d", i), 1))
		}
	}
	o := Defaults("")
	o.StatusConfig = true
	within(t, func() {
		out, outcomes, err := inject(list.String(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, outcome := range outcomes {
			if outcome.Status != Injected {
				t.Errorf("%+v", outcome)
			}
		}
		if back, _, err := Uninject(out); err != nil || back != list.String() {
			t.Errorf("uninject did not restore the input: %v", err)
		}
	})
}

// within fails a test whose input takes more than linear time: hours instead of
// a second. The limit is that of a busy machine.
func within(t *testing.T, f func()) {
	t.Helper()
	const limit = 10 * time.Minute
	from := time.Now()
	f()
	if took := time.Since(from); took > limit {
		t.Errorf("took %s", took)
	}
}

func deepBlocks(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i+1) + "x:\n")
	}
	return b.String()
}

// bomb returns a small document that would have a billion nodes if its aliases were expanded.
func bomb(form string) string {
	var b strings.Builder
	b.WriteString("x0: &x0 {a: b}\n")
	for i := range 9 {
		aliases := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i), 10), ", ")
		fmt.Fprintf(&b, "x%d: &x%d "+form+"\n", i+1, i+1, aliases)
	}
	return b.String()
}
