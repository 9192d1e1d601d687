// Command e2e tests autoscaling of nginx end to end, on a real Kubernetes control
// plane in its own namespaces. README.md has the requirements; run.sh starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
	"nginx-exporter/e2e/record"
	"nginx-exporter/e2e/scenario"
)

// limit is the timeout of a whole run, most of it for the faults.
const limit = 90 * time.Minute

func main() {
	code, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
		code = 1
	}
	os.Exit(code)
}

// start runs the scenario or, if the run itself starts this program, a container or
// the recording kubectl.
func start() (code int, err error) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == node.EnterCommand:
		return 0, node.Enter(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == record.KubectlCommand:
		return record.Kubectl(os.Args[2:])
	default:
		return 0, runScenario()
	}
}

// runScenario parses the flags and runs the scenario.
func runScenario() error {
	var tools scenario.Tools
	var bin string
	flags := flag.NewFlagSet("e2e", flag.ContinueOnError)
	flags.StringVar(&bin, "bin", "", "directory with the server binaries")
	flags.StringVar(&tools.Root, "root", "", "root of the repository")
	flags.StringVar(&tools.Exporter, "exporter", "", "binary of the exporter")
	flags.StringVar(&tools.Helm, "helm", "", "binary of Helm")
	flags.StringVar(&tools.TempDir, "tmp", "", "directory for temporary files")
	flags.StringVar(&tools.Only, "only", "", "part to run, all if empty")
	flags.StringVar(&tools.Faults, "faults", "", "pattern for names of faults")
	flags.DurationVar(&tools.ShapeTime, "shape-time", 30*time.Second, "duration of each load shape")
	flags.StringVar(&tools.Record, "record", "", "directory for recorded conversations of doctor")
	var existing existingCluster
	flags.StringVar(&existing.config, "kubeconfig", "", "kubeconfig of an existing cluster; starts none")
	flags.StringVar(&existing.context, "context", "", "context in that kubeconfig")
	flags.StringVar(&existing.Image, "image", "", "image of the exporter for the existing cluster")
	flags.StringVar(&existing.Prometheus, "prometheus", "", "Prometheus object of the existing cluster, as NAMESPACE/NAME")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	tools.CRDs = filepath.Join(bin, "crds")

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	// A second signal ends the program at once.
	defer context.AfterFunc(ctx, cancel)()
	ctx, expire := context.WithTimeout(ctx, limit)
	defer expire()
	began := time.Now()
	err := errors.New("-kubeconfig and -context are set together")
	switch {
	case existing.config == "" && existing.context == "":
		err = run(ctx, bin, tools)
	case existing.config != "" && existing.context != "":
		err = existing.run(ctx, tools)
	}
	if err != nil {
		return err
	}
	fmt.Printf("passed in %.0f s\n", time.Since(began).Seconds())
	return nil
}

// existingCluster is a cluster that is not started here.
type existingCluster struct {
	scenario.Existing
	config, context string
}

// run runs the scenario for existing clusters.
func (e *existingCluster) run(ctx context.Context, tools scenario.Tools) error {
	servers, err := process.NewGroup(filepath.Join(tools.TempDir, "servers"))
	if err != nil {
		return err
	}
	defer servers.StopAll()
	cluster, err := kube.Connect(ctx, servers, e.config, e.context, filepath.Join(tools.TempDir, "cluster"))
	if err != nil {
		return err
	}
	return scenario.NewExisting(tools, cluster, os.Stdout).RunExisting(ctx, e.Existing)
}

// run starts the cluster, runs the scenario, and stops everything: the pods first,
// then the servers in reverse order.
func run(ctx context.Context, bin string, tools scenario.Tools) error {
	if err := node.PrepareNetwork(ctx); err != nil {
		return err
	}
	servers, err := process.NewGroup(filepath.Join(tools.TempDir, "servers"))
	if err != nil {
		return err
	}
	defer servers.StopAll()
	began := time.Now()
	cluster, err := kube.Start(ctx, servers, bin, filepath.Join(tools.TempDir, "cluster"), node.Address)
	if err != nil {
		return err
	}
	images := map[string]node.Image{
		"nginx":              node.Nginx(),
		"nginx-unprivileged": node.UnprivilegedNginx(),
		"nginx-exporter":     node.Program(tools.Exporter),
	}
	for _, name := range []string{"prometheus-adapter", "keda-operator", "keda-adapter"} {
		binary, err := cluster.Binary(name)
		if err != nil {
			return err
		}
		images[name] = node.Program(binary)
	}
	n, err := node.Register(ctx, cluster, filepath.Join(tools.TempDir, "node"), images)
	if err != nil {
		return err
	}
	nodeCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	go n.Run(nodeCtx)
	defer n.Wait()
	defer stop()
	fmt.Printf("control plane ready after %.1f s\n", time.Since(began).Seconds())
	return scenario.New(tools, cluster, n, os.Stdout).Run(ctx)
}
