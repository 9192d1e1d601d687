package fault

import "slices"

// Fault is one fault of the path to the autoscaler.
type Fault struct {
	// Name is unique and valid for a file. Want is the code of the expected cause; if
	// empty, the change is harmless and doctor must find nothing.
	Name, Want string
	// Subject is the HPA to diagnose, if it is not [Autoscaler].
	Subject string
	// User is the user of doctor, if it is not an administrator: one of those below,
	// or one with only the permissions that the change grants.
	User string
	// KEDA starts KEDA before the fault is injected.
	KEDA bool
	// Search makes doctor discover Prometheus through the API server. Otherwise it
	// gets an address: the field Prometheus, or that of the run.
	Search     bool
	Prometheus string
	// Kubectl is the binary that doctor runs, if it is not kubectl.
	Kubectl string

	inject change
}

// Users whose requests cannot succeed.
const (
	// EmptyConfig has an empty kubeconfig.
	EmptyConfig = "empty-config"
	// WrongAddress has an address without an API server.
	WrongAddress = "wrong-address"
	// InvalidToken has a token that the API server rejects.
	InvalidToken = "invalid-token"
)

// All is the table of faults.
func All() []Fault {
	return slices.Concat(
		registrationFaults(), rbacFaults(), ruleFaults(), queryFaults(), scrapeFaults(), workloadFaults(), hpaFaults(), hpaMetricFaults(), accessFaults(), networkFaults(),
		kedaFaults(), // KEDA keeps running from then on
	)
}
