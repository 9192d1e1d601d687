package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/autoscale/plan"
	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/inject"
)

const planAutoscale = autoscaleCommand + " plan"

// autoRate is the value of --requests-per-second for a suggestion.
const autoRate = "auto"

// planning has the flags of autoscale plan.
type planning struct {
	kubectlRequest

	workload    string
	rate        string
	request     plan.Request
	annotations []string
	format      string
	details     bool
	output      string
}

// addPlan defines the command autoscale plan.
func (c *cli) addPlan(autoscale *kingpin.CmdClause) {
	p := &c.planning
	cmd := autoscale.Command("plan", "Show what a workload needs to scale on its request rate, and change nothing.")
	p.add(cmd)
	cmd.Flag("format", "Format of the plan: text or json.").Default(outputText).EnumVar(&p.format, outputText, outputJSON)
	cmd.Flag("output", "Also write the plan to this directory, as a component for kustomize, with values for an adapter of Helm.").PlaceHolder("DIR").StringVar(&p.output)
}

// add defines the flags of all commands that plan.
func (p *planning) add(cmd *kingpin.CmdClause) {
	p.kubectlRequest.add(cmd, "workload")
	r := &p.request
	r.Inject = inject.Defaults(releaseVersion())
	o := &r.Inject
	cmd.Arg("workload", "Workload, as [NAMESPACE/]KIND/NAME: deployment, statefulset or rollout.").Required().StringVar(&p.workload)
	cmd.Flag("requests-per-second", "Target of requests per second for each pod; auto suggests one from the last two weeks in Prometheus.").PlaceHolder("RATE").StringVar(&p.rate)
	cmd.Flag("min", "Minimum number of replicas.").Default("2").Int32Var(&r.Min)
	cmd.Flag("max", "Maximum number of replicas.").Default("10").Int32Var(&r.Max)
	cmd.Flag("engine", "What scales: adapter, keda, keda-direct, gke, or auto for what fits the cluster.").Default(plan.EngineAuto).StringVar(&r.Engine)
	cmd.Flag("prometheus", "Prometheus that scrapes the pods, if there are several: an object of prometheus-operator, or else a Service.").PlaceHolder("NAMESPACE/NAME").StringVar(&r.PrometheusName)
	cmd.Flag("details", "Show all fields of the sidecar.").BoolVar(&p.details)
	cmd.Flag("image", "Image of the exporter.").Default(o.Image).StringVar(&o.Image)
	cmd.Flag("image-pull-secret", "Secret with the credentials for the image, to add to the pods.").StringVar(&o.PullSecret)
	cmd.Flag("native", "Add a native sidecar: auto, always or never.").Default(o.Native).StringVar(&o.Native)
	cmd.Flag("container", "Name of the NGINX container; by default the one with an NGINX image.").StringVar(&o.Container)
	cmd.Flag("port", "Port of the exporter.").Default(strconv.Itoa(o.Port)).IntVar(&o.Port)
	cmd.Flag("scrape-uri", "URI of a status page that NGINX has already, as seen from within the pod. Default: the plan adds one.").StringVar(&r.StatusPage)
	cmd.Flag("pod-annotation", "Annotation KEY=VALUE to add to the pods. Repeatable.").StringsVar(&p.annotations)
}

// make validates the flags, observes the cluster and plans.
func (p *planning) make(ctx context.Context, stderr io.Writer) (*plan.Plan, *cluster.Observation, error) {
	namespace, ref, err := plan.ParseWorkload(p.workload)
	if err != nil {
		return nil, nil, &usageError{err}
	}
	options, err := p.options(namespace, p.workload)
	if err != nil {
		return nil, nil, &usageError{err}
	}
	p.request.Ref, options.Workload = ref, ref
	if p.rate == "" {
		return nil, nil, &usageError{errors.New("give the target with --requests-per-second")}
	}
	if p.request.RequestsPerSecond, err = strconv.ParseFloat(p.rate, 64); err != nil && p.rate != autoRate {
		return nil, nil, &usageError{fmt.Errorf("--requests-per-second=%s is neither a number nor %s", p.rate, autoRate)}
	}
	if p.request.Inject.Annotations, err = pairs("--pod-annotation", p.annotations); err != nil {
		return nil, nil, &usageError{err}
	}
	o := cluster.New(ctx, options)
	if p.rate == autoRate {
		if err := p.suggest(ctx, o, stderr); err != nil {
			return nil, nil, err
		}
	}
	made, err := plan.New(o, p.request)
	return made, o, err
}

// suggest sets the target to the suggested one, and shows why.
func (p *planning) suggest(ctx context.Context, o *cluster.Observation, stderr io.Writer) error {
	made, err := plan.Suggest(ctx, o, p.request, p.prometheus, time.Now())
	if err != nil {
		return err
	}
	p.request.RequestsPerSecond = made.Target
	const columns = 100
	if err := made.WriteText(stderr, columns); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stderr)
	return err
}

// planAutoscale runs the command autoscale plan.
func (c *cli) planAutoscale(args []string, stdout, stderr io.Writer) error {
	p := &c.planning
	if err := c.refuseExporterFlags(planAutoscale, args); err != nil {
		return &statusError{badInputStatus, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	made, _, err := p.make(ctx, stderr)
	if err != nil {
		return &statusError{badInputStatus, oneLineError(err)}
	}
	if p.output != "" {
		if err := p.write(made, stderr); err != nil {
			return err
		}
	}
	if p.format == outputJSON {
		err = made.WriteJSON(stdout)
	} else {
		err = made.WriteText(stdout, colored(stdout, os.Getenv), p.details)
	}
	if err == nil && made.Count(plan.Manual) > 0 {
		return reportedError(1)
	}
	return err
}

// write writes the files of the plan.
func (p *planning) write(made *plan.Plan, stderr io.Writer) error {
	names, err := made.Write(p.output)
	if plan.IsInput(err) {
		return &statusError{badInputStatus, err}
	}
	if err == nil {
		_, err = fmt.Fprintf(stderr, "Written to %s: %s\n", p.output, strings.Join(names, ", "))
	}
	return err
}

// oneLineError joins the lines of an error, without a prefix that is added to each error.
func oneLineError(err error) error {
	var usage *usageError
	text := strings.TrimPrefix(err.Error(), "error: ") // of kubectl
	if errors.As(err, &usage) || text == err.Error() && !strings.Contains(text, "\n") {
		return err
	}
	return errors.New(strings.Join(strings.Fields(text), " "))
}
