// Package scenario has the steps of a run: manifests, injection, chart, Prometheus,
// scaling under load, faults and KEDA.
package scenario

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

// shop is the namespace and the release of the autoscaled nginx in a cluster of this
// program.
const (
	shop    = "shop"
	release = "shop"
)

// Tools has the paths and options of a run.
type Tools struct {
	// Root is the repository, Exporter and Helm are binaries, CRDs a directory of
	// manifests, TempDir one for temporary files.
	Root, Exporter, Helm, CRDs, TempDir string
	// Only selects a part; empty means all.
	Only string
	// Faults is a pattern for names of faults, all if empty. Record is a directory for
	// recorded conversations of doctor, none if empty.
	Faults, Record string
	// ShapeTime is the duration of each load shape.
	ShapeTime time.Duration
}

// The parts of a run.
const (
	scaling = "scaling"
	doctor  = "doctor"
	keda    = "keda"
	stack   = "stack"
	command = "autoscale"
	shape   = "shapes"
	// handover needs nothing but the control plane.
	handover = "replicas"
	trial    = "try"
	existing = "existing"
)

// Scenario is one run of the test.
type Scenario struct {
	tools   Tools
	cluster *kube.Cluster
	node    *node.Node
	// namespace has the autoscaled nginx and the release of the chart.
	namespace, release string
	// injectFlags and values are more arguments of inject and helm install.
	injectFlags, values []string
	// query evaluates an expression with one result in Prometheus.
	query    func(ctx context.Context, expr string) (float64, error)
	out      io.Writer
	began    time.Time
	scraper  *scraper
	operator *operator
}

// New returns a run that prints to out.
func New(tools Tools, cluster *kube.Cluster, n *node.Node, out io.Writer) *Scenario {
	s := &Scenario{
		tools: tools, cluster: cluster, node: n, namespace: shop, release: release,
		out: out, began: time.Now(),
	}
	s.scraper = &scraper{scenario: s}
	s.query = s.scraper.Query
	return s
}

// step is a step, and the part that it belongs to; empty if all parts need it.
type step struct {
	part, name string
	do         func(context.Context) error
}

// Run runs all steps and returns at the first error.
func (s *Scenario) Run(ctx context.Context) error {
	parts := []string{scaling, shape, doctor, keda, handover, trial, existing, command, stack}
	if only := s.tools.Only; only != "" && !slices.Contains(parts, only) {
		return fmt.Errorf("unknown part %s: want one of %s", only, strings.Join(parts, ", "))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends background work
	return s.runSteps(ctx, []step{
		{handover, "replicas taken out of a manifest", s.replicas},
		{"", "CRDs of prometheus-operator, KEDA and Argo Rollouts", s.installCRDs},
		{scaling, "server-side dry run: value sets of the chart", s.dryRunChart},
		{scaling, "server-side dry run: examples/kubernetes", s.dryRunExamples},
		{scaling, "server-side dry run: output of inject", s.dryRunInject},
		{"", "nginx-exporter inject, kubectl apply, helm install", s.install},
		{"", "prometheus-operator and Prometheus", s.prometheus},
		{scaling, "helm test", s.helmTest},
		{scaling, "scaling up and down", s.scale},
		{shape, "load shapes on the HPA, and simulated", s.simulated},
		{scaling, "MutatingAdmissionPolicy", s.policy},
		{doctor, "doctor hpa, one fault after the other", s.doctor},
		{keda, "KEDA, with the chart and the snippet", s.scaleByKEDA},
		{"", "helm uninstall", s.uninstall},
		{trial, "examples/kubernetes/try.sh", s.tryScript},
		{existing, "this program on an existing cluster", s.onExisting},
		{command, "nginx-exporter autoscale plan, apply and remove, with the adapter and the HPA of another team", s.autoscale},
		{stack, "cluster like kube-prometheus-stack, with the adapter and the HPA of another team", s.besideOthers},
	})
}

// runSteps runs the steps of the selected part.
func (s *Scenario) runSteps(ctx context.Context, steps []step) error {
	for _, step := range steps {
		if only := s.tools.Only; only != "" && step.part != only && (step.part != "" || only == handover) {
			continue
		}
		began := time.Now()
		s.printf("== %s", step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		s.printf("   passed in %.1f s", time.Since(began).Seconds())
	}
	return nil
}

// printf prints a line.
func (s *Scenario) printf(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// file is the path of a file in the repository.
func (s *Scenario) file(parts ...string) string {
	return filepath.Join(append([]string{s.tools.Root}, parts...)...)
}

func (s *Scenario) chart() string { return s.file("charts", "nginx-exporter") }

// helm runs helm as an administrator.
func (s *Scenario) helm(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.tools.Helm, args...)
	cmd.Env = s.cluster.Env()
	return process.Output(cmd)
}

// inject runs nginx-exporter inject.
func (s *Scenario) inject(ctx context.Context, args ...string) (string, error) {
	return process.Output(exec.CommandContext(ctx, s.tools.Exporter, append([]string{"inject"}, args...)...))
}

// await waits for a condition. The error includes the problems of pods.
func (s *Scenario) await(ctx context.Context, limit time.Duration, condition func(context.Context) error) error {
	err := process.Await(ctx, limit, condition)
	if err == nil {
		return nil
	}
	if problems := s.problems(ctx); problems != nil {
		return fmt.Errorf("%w\n%w", err, problems)
	}
	return err
}

// problems has the errors of pods.
func (s *Scenario) problems(ctx context.Context) error {
	if s.node != nil {
		return s.node.Problems()
	}
	return s.podProblems(ctx)
}
