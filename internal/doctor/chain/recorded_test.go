package chain

import (
	"testing"

	"nginx-exporter/internal/doctor"
)

// unrecorded has the causes without a recorded conversation, and why. They have
// answers made up in platform_test.go, scenes_test.go and the scripts of the
// command.
func unrecorded() map[doctor.Code]string {
	const (
		platform = "needs a product that does not run in e2e"
		slow     = "shows only minutes after the fault"
		network  = "nothing in e2e closes ways between servers"
		operator = "without prometheus-operator there is no Prometheus in e2e"
	)
	return map[doctor.Code]string{
		codeKubectl:            "kubectl itself is missing, so that nobody says anything",
		codeUnknown:            "is what is left when no cause fits",
		codeManaged:            platform,
		codePrometheusLogin:    platform,
		codePrometheusStrange:  platform,
		codeNoPrometheus:       operator,
		codeSeveralPrometheus:  "there is one Prometheus in e2e",
		codeNoJob:              operator,
		codePrometheusAway:     network,
		codeAdapterUnreachable: network,
		codeAdapterPrometheus:  network,
		codeMonitorNotLoaded:   slow,
		codeSomeUnscraped:      slow,
	}
}

func TestCausesAreRecorded(t *testing.T) {
	recorded := map[doctor.Code]bool{}
	for _, file := range conversations(t) {
		recorded[load(t, file).Want] = true
	}
	reasons := unrecorded()
	for _, c := range Causes() {
		switch {
		case recorded[c.Code] && reasons[c.Code] != "":
			t.Errorf("%s has a recording now", c.Code)
		case !recorded[c.Code] && reasons[c.Code] == "":
			t.Errorf("%s has neither a recording nor a reason", c.Code)
		}
	}
}
