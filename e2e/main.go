// Command e2e runs the whole way from an nginx to its autoscaling on a real
// control plane of Kubernetes, in namespaces of its own. README.md tells what it
// needs; run.sh starts it.
package main

import (
	"context"
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
	"nginx-exporter/e2e/story"
)

// limit bounds a whole run. Most of it is for the faults, one by one.
const limit = 90 * time.Minute

func main() {
	code, err := start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
		code = 1
	}
	os.Exit(code)
}

// start is either a run or, inside of one, a container or a kubectl of it.
func start() (code int, err error) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == node.EnterCommand:
		return 0, node.Enter(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == record.KubectlCommand:
		return record.Kubectl(os.Args[2:])
	default:
		return 0, goThrough()
	}
}

// goThrough is a run.
func goThrough() error {
	var tools story.Tools
	var bin string
	flags := flag.NewFlagSet("e2e", flag.ContinueOnError)
	flags.StringVar(&bin, "bin", "", "folder with the servers")
	flags.StringVar(&tools.Root, "root", "", "folder of the repository")
	flags.StringVar(&tools.Exporter, "exporter", "", "the exporter's binary")
	flags.StringVar(&tools.Helm, "helm", "", "the binary of Helm")
	flags.StringVar(&tools.Folder, "tmp", "", "folder for temporary files")
	flags.StringVar(&tools.Only, "only", "", "scaling, doctor or keda: a part of the story")
	flags.StringVar(&tools.Faults, "faults", "", "a pattern for the names of faults")
	flags.StringVar(&tools.Record, "record", "", "folder for doctor's conversations")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	tools.CRDs = filepath.Join(bin, "crds")

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, expire := context.WithTimeout(ctx, limit)
	defer expire()
	began := time.Now()
	if err := run(ctx, bin, tools); err != nil {
		return err
	}
	fmt.Printf("passed in %.0f s\n", time.Since(began).Seconds())
	return nil
}

// run brings the cluster up, goes through the story, and takes all down again:
// the pods first, then the servers, the last first.
func run(ctx context.Context, bin string, tools story.Tools) error {
	if err := node.PrepareNetwork(ctx); err != nil {
		return err
	}
	servers, err := process.NewGroup(filepath.Join(tools.Folder, "servers"))
	if err != nil {
		return err
	}
	defer servers.StopAll()
	began := time.Now()
	cluster, err := kube.Start(ctx, servers, bin, filepath.Join(tools.Folder, "cluster"), node.Address)
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
	n, err := node.Register(ctx, cluster, filepath.Join(tools.Folder, "node"), images)
	if err != nil {
		return err
	}
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	go n.Run(living)
	defer n.Wait()
	defer end()
	fmt.Printf("the control plane is up after %.1f s\n", time.Since(began).Seconds())
	return story.New(tools, cluster, n, os.Stdout).Run(ctx)
}
