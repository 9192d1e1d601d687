package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/doctor/hpa"
)

const (
	hpaCommand = "hpa"
	hpaDoctor  = doctorCommand + " " + hpaCommand
)

// hpaRequest has the arguments of doctor hpa.
type hpaRequest struct {
	name string
	kubectlRequest
}

// kubectlRequest has the flags of commands that use the user's kubectl.
type kubectlRequest struct {
	namespace  string
	kubectl    string
	prometheus string
	passed     []kubectlFlag
}

// kubectlFlag is a flag that is passed on to kubectl.
type kubectlFlag struct {
	name   string
	values *[]string
}

// addDoctorHPA defines the command doctor hpa.
func (c *cli) addDoctorHPA(doctor *kingpin.CmdClause) {
	r := &c.hpa
	cmd := doctor.Command(hpaCommand, "Diagnose an HPA, from its pods to its decision, through kubectl.")
	r.add(cmd, "HPA")
	cmd.Arg("name", "HPA or ScaledObject, as [NAMESPACE/]NAME.").Required().StringVar(&r.name)
}

// add defines the flags.
func (r *kubectlRequest) add(cmd *kingpin.CmdClause, what string) {
	cmd.Flag("namespace", "Namespace of the "+what+". Default: that of the kubectl context.").Short('n').StringVar(&r.namespace)
	cmd.Flag("prometheus.url", "URL of Prometheus, as reachable from here. Default: discovered in the cluster and queried through the API server.").StringVar(&r.prometheus)
	cmd.Flag("kubectl", "Path of kubectl.").Default("kubectl").StringVar(&r.kubectl)
	for _, f := range []struct{ name, help string }{
		{"context", "Context of the kubeconfig."},
		{"kubeconfig", "Path of the kubeconfig."},
		{"cluster", "Cluster of the kubeconfig."},
		{"user", "User of the kubeconfig."},
		{"as", "User to impersonate."},
		{"as-group", "Group to impersonate. Repeatable."},
		{"as-uid", "UID to impersonate."},
	} {
		r.passed = append(r.passed, kubectlFlag{f.name, cmd.Flag(f.name, f.help+" Passed on to kubectl.").Strings()})
	}
}

// options validates the request.
func (r *hpaRequest) options() (cluster.Options, error) {
	space, name, found := strings.Cut(r.name, "/")
	if !found {
		space, name = "", r.name
	}
	if strings.HasPrefix(r.name, "/") {
		return cluster.Options{}, fmt.Errorf("%q is not [NAMESPACE/]NAME", r.name)
	}
	o, err := r.kubectlRequest.options(space, r.name)
	if o.Name = name; err == nil && !cluster.IsName(name) {
		err = fmt.Errorf("%q is not a valid name", name)
	}
	return o, err
}

// options validates the flags, and the namespace of an object that is given as text.
func (r *kubectlRequest) options(space, text string) (cluster.Options, error) {
	o := cluster.Options{Namespace: r.namespace, Kubectl: r.kubectl, PrometheusURL: r.prometheus}
	if space != "" {
		o.Namespace = space
	}
	switch {
	case r.namespace != "" && r.namespace != o.Namespace:
		return o, fmt.Errorf("--namespace=%s and %s name different namespaces", r.namespace, text)
	case o.Namespace != "" && !cluster.IsName(o.Namespace):
		return o, fmt.Errorf("%q is not a valid namespace", o.Namespace)
	case r.prometheus != "" && !strings.HasPrefix(r.prometheus, "http://") && !strings.HasPrefix(r.prometheus, "https://"):
		return o, errors.New("--prometheus.url must be a URL such as http://127.0.0.1:9090")
	}
	for _, flag := range r.passed {
		for _, value := range *flag.values {
			o.Arguments = append(o.Arguments, "--"+flag.name+"="+value)
		}
	}
	return o, nil
}

// doctorHPA runs the command.
func (c *cli) doctorHPA(args []string, stdout, stderr io.Writer) error {
	for _, f := range c.flags {
		if c.onCommandLine(args, f.name) {
			return &statusError{inconclusiveStatus, &usageError{fmt.Errorf("--%s is a flag of the exporter, and not valid for %s", f.name, hpaDoctor)}}
		}
	}
	options, err := c.hpa.options()
	if err != nil {
		return &statusError{inconclusiveStatus, &usageError{err}}
	}
	return c.diagnose(stdout, stderr, func(ctx context.Context) *doctor.Report { return hpa.Examine(ctx, options) })
}
