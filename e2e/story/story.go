// Package story is what happens on the cluster, step by step, as it would for a
// user: manifests, injection, chart, Prometheus, load, more pods, fewer pods.
package story

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

// shop is the namespace and the release of the autoscaled nginx.
const (
	shop    = "shop"
	release = "shop"
)

// Tools is where everything is that the story works with.
type Tools struct {
	// Root is the repository, Exporter and Helm are binaries, CRDs a folder of
	// manifests, Folder one for temporary files.
	Root, Exporter, Helm, CRDs, Folder string
	// Only picks a part of the story; all of it if empty.
	Only string
	// Faults is a pattern for the names of those to try, all if empty; Record a
	// folder for what doctor asks and is answered, none if empty.
	Faults, Record string
}

// The parts of the story.
const (
	scaling = "scaling"
	doctor  = "doctor"
	keda    = "keda"
)

// Story is one run.
type Story struct {
	tools   Tools
	cluster *kube.Cluster
	node    *node.Node
	out     io.Writer
	began   time.Time
	scraper *scraper
	// operator writes its configuration.
	operator *operator
}

// New prepares a run that prints to out.
func New(tools Tools, cluster *kube.Cluster, n *node.Node, out io.Writer) *Story {
	return &Story{tools: tools, cluster: cluster, node: n, out: out, began: time.Now()}
}

// step is a step of the story, and the part that it belongs to if the others do
// without it.
type step struct {
	part, name string
	do         func(context.Context) error
}

// Run goes through all the steps and returns at the first that fails.
func (s *Story) Run(ctx context.Context) error {
	if only := s.tools.Only; only != "" && only != scaling && only != doctor && only != keda {
		return fmt.Errorf("no part of the story is called %s: there are %s, %s and %s", only, scaling, doctor, keda)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // for what goes on beside the steps
	for _, step := range []step{
		{"", "the kinds of prometheus-operator and KEDA", s.installCRDs},
		{scaling, "strict server-side dry run: the chart's value sets", s.dryRunChart},
		{scaling, "strict server-side dry run: examples/kubernetes", s.dryRunExamples},
		{scaling, "strict server-side dry run: what inject makes of manifests", s.dryRunInject},
		{"", "nginx-exporter inject, kubectl apply, helm install", s.install},
		{"", "prometheus-operator, and Prometheus with the configuration that it writes", s.prometheus},
		{scaling, "helm test", s.helmTest},
		{scaling, "load, more pods, no load, fewer pods", s.scale},
		{scaling, "MutatingAdmissionPolicy", s.policy},
		{doctor, "doctor hpa, in front of one fault after the other", s.doctor},
		{keda, "KEDA, by what the chart and the snippet make for it", s.shipped},
		{"", "helm uninstall", s.uninstall},
	} {
		if step.part != "" && s.tools.Only != "" && step.part != s.tools.Only {
			continue
		}
		began := time.Now()
		s.say("== %s", step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		s.say("   passed in %.1f s", time.Since(began).Seconds())
	}
	return nil
}

// say prints a line.
func (s *Story) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// file is a file of the repository.
func (s *Story) file(parts ...string) string {
	return filepath.Join(append([]string{s.tools.Root}, parts...)...)
}

func (s *Story) chart() string { return s.file("charts", "nginx-exporter") }

// helm runs helm as an administrator.
func (s *Story) helm(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.tools.Helm, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.cluster.Config, "HOME="+s.tools.Folder)
	return process.Output(cmd)
}

// inject runs the exporter's inject.
func (s *Story) inject(ctx context.Context, args ...string) (string, error) {
	return process.Output(exec.CommandContext(ctx, s.tools.Exporter, append([]string{"inject"}, args...)...))
}

// await waits for a condition; when it does not come, the pods say what is wrong.
func (s *Story) await(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	err := process.Await(ctx, limit, ask)
	if err == nil {
		return nil
	}
	if complaints := s.node.Complaints(); complaints != nil {
		return fmt.Errorf("%w\n%w", err, complaints)
	}
	return err
}
