package scripts_test

import (
	"strings"
	"testing"
)

func TestDemoPlusFails(t *testing.T) {
	demo := command(t, "demo-plus.sh", program(t, "echo 'it is broken' >&2; exit 1"))
	out, status := run(t, demo)
	if status != 1 || !strings.Contains(out, "it is broken\ndemo-plus: the exporter does not start\n") {
		t.Errorf("status %d:\n%s", status, out)
	}
	empty(t, demo)
}
