// Package controller_test compares the simulation with the HPA controller of
// Kubernetes: its real code, with a fake clock (testing/synctest) and fake metrics.
//
// Run it with make prove-hpa. It is a module of its own, so that nothing of k8s.io is
// linked into the program.
package controller_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

var (
	cases = flag.Int("cases", 1500, "number of random cases of each kind")
	seed  = flag.Uint64("seed", 1, "seed of the random cases")
)

// TestMain silences the errors of failed syncs. Their default handler also waits:
// it remembers a time outside of the bubble of synctest, 26 years later.
func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = nil
	m.Run()
}

// TestAlgorithm compares every sync of random cases with package hpa: several
// metrics, pods in all states, missing samples, failing calls, edits and restarts.
func TestAlgorithm(t *testing.T) {
	syncs, changes := 0, 0
	for i := range *cases {
		random := rand.New(rand.NewPCG(*seed, uint64(i)))
		a := newAlgorithm(t, random)
		a.name = i
		drive(t, a.hpa, a.setting, a)
		syncs += a.syncs
		changes += a.changes
		if t.Failed() {
			t.Fatalf("case %d of seed %d", i, *seed)
		}
	}
	t.Logf("compared %d cases, %d syncs, %d changes of the replicas: equal replicas and conditions at every sync", *cases, syncs, changes)
}

// TestSimulation compares every sync of random simulations with the controller, which
// scales pods of its own: the same load, pods that start, metrics that lag.
func TestSimulation(t *testing.T) {
	syncs, changes := 0, 0
	for i := range *cases {
		random := rand.New(rand.NewPCG(*seed, uint64(i)+1<<32))
		s := newReplay(t, random)
		drive(t, s.hpa, s.setting, s)
		s.complete()
		syncs += len(s.expected)
		changes += s.changes
		if t.Failed() {
			t.Fatalf("case %d of seed %d", i, *seed)
		}
	}
	t.Logf("compared %d cases, %d syncs, %d changes of the replicas: equal replicas at every sync, at the same time", *cases, syncs, changes)
}
