package fault

import "slices"

// Fault is one way in which the chain can be broken.
type Fault struct {
	// Name is unique, and names files. Want is the code of the cause; without one
	// the chain is changed so that it still works, and nothing is to be found.
	Name, Want string
	// Subject is the HPA to ask about, if it is not [Autoscaler].
	Subject string
	// User is who asks, if it is not an administrator: one of those below, or
	// somebody who has no rights but those that the change gives.
	User string
	// KEDA has KEDA run before the fault is put in.
	KEDA bool
	// Search has doctor find Prometheus on its own, through the API server.
	// Otherwise it is given an address: that of the chain, or Prometheus.
	Search     bool
	Prometheus string
	// Kubectl is the program that doctor is to ask with, if it is not kubectl.
	Kubectl string

	inject change
}

// Users that do not get so far as to ask.
const (
	// Nobody has an empty kubeconfig.
	Nobody = "nobody"
	// Elsewhere asks where no API server is.
	Elsewhere = "elsewhere"
	// Stranger has a token that the API server does not know.
	Stranger = "stranger"
)

// All is the table of faults.
func All() []Fault {
	return slices.Concat(
		registration(), rights(), rules(), queries(), scrapes(), workloads(), autoscalers(), sights(), ways(),
		kedas(), // KEDA stays from then on
	)
}
