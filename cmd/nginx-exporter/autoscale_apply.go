package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/autoscale/plan"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/doctor/hpa"
)

const (
	applyAutoscale  = autoscaleCommand + " apply"
	removeAutoscale = autoscaleCommand + " remove"
)

// change has the flags of commands that change the cluster.
type change struct {
	yes  bool
	wait time.Duration
}

// addApply defines the commands autoscale apply and autoscale remove.
func (c *cli) addApply(autoscale *kingpin.CmdClause) {
	cmd := autoscale.Command("apply", "Carry out the plan, and wait until the HPA works.")
	c.applying.add(cmd)
	cmd.Flag("yes", "Do not ask.").Short('y').BoolVar(&c.change.yes)
	cmd.Flag("wait", "How long to wait until the HPA works; 0 to not wait.").Default("5m").DurationVar(&c.change.wait)

	cmd = autoscale.Command("remove", "Take back what apply has changed.")
	c.removal.kubectlRequest.add(cmd, "workload")
	cmd.Arg("workload", "Workload, as [NAMESPACE/]KIND/NAME.").Required().StringVar(&c.removal.workload)
	cmd.Flag("yes", "Do not ask.").Short('y').BoolVar(&c.change.yes)
}

// applyAutoscale runs the command autoscale apply.
func (c *cli) applyAutoscale(args []string, stdout, stderr io.Writer) error {
	if err := c.refuseExporterFlags(applyAutoscale, args); err != nil {
		return &statusError{badInputStatus, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	made, o, err := c.applying.make(ctx, stderr)
	if err != nil {
		return &statusError{badInputStatus, oneLineError(err)}
	}
	if err := made.WriteText(stdout, colored(stdout, os.Getenv), c.applying.details); err != nil {
		return err
	}
	if len(made.Blocked()) > 0 {
		return reportedError(1)
	}
	if err := c.carryOut(ctx, made, o, stdout); err != nil {
		return err
	}
	if c.change.wait <= 0 || made.Scaler == "" {
		return nil
	}
	options, err := c.applying.options(made.Workload.Namespace, "")
	if err != nil {
		return err
	}
	options.Name = made.Scaler
	return c.follow(ctx, options, stdout, stderr)
}

// removeAutoscale runs the command autoscale remove.
func (c *cli) removeAutoscale(args []string, stdout io.Writer) error {
	if err := c.refuseExporterFlags(removeAutoscale, args); err != nil {
		return &statusError{badInputStatus, err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	namespace, ref, err := plan.ParseWorkload(c.removal.workload)
	if err != nil {
		return &statusError{badInputStatus, &usageError{err}}
	}
	options, err := c.removal.options(namespace, c.removal.workload)
	if err != nil {
		return &statusError{badInputStatus, &usageError{err}}
	}
	options.Workload = ref
	o := cluster.New(ctx, options)
	made, err := plan.NewRemoval(o, ref)
	if err != nil {
		return &statusError{badInputStatus, oneLineError(err)}
	}
	if err := made.WriteText(stdout, colored(stdout, os.Getenv), true); err != nil {
		return err
	}
	return c.carryOut(ctx, made, o, stdout)
}

// errDeclined means that the user does not want the changes.
var errDeclined = errors.New("nothing was changed")

// carryOut applies a plan after a dry run and a question.
func (c *cli) carryOut(ctx context.Context, made *plan.Plan, o *cluster.Observation, stdout io.Writer) error {
	if made.Count(plan.Add, plan.Change, plan.Remove) == 0 {
		return nil
	}
	if err := made.Apply(o, true, func(*plan.Step) {}); err != nil {
		return fmt.Errorf("nothing was changed: the API server refuses %w", oneLineError(err))
	}
	if _, err := fmt.Fprint(stdout, "\nThe API server accepts all of it. "); err != nil {
		return err
	}
	if !c.change.yes && !confirmed(ctx, stdout, os.Stdin) {
		return errDeclined
	}
	_, _ = fmt.Fprintln(stdout)
	return made.Apply(o, false, func(s *plan.Step) {
		_, _ = fmt.Fprintf(stdout, "%s %s\n", s.Action.Mark(), s.Object) // progress is optional
	})
}

// confirmed asks whether to go on. An interrupt means no.
func confirmed(ctx context.Context, to io.Writer, from io.Reader) bool {
	_, _ = fmt.Fprint(to, "Apply it? [y/N] ")
	read := make(chan string, 1)
	go func() { // ends with the process: a terminal cannot be read with a context
		line, _ := bufio.NewReader(from).ReadString('\n')
		read <- line
	}()
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprintln(to)
		return false
	case line := <-read:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes"
	}
}

// follow examines the HPA until it works, and writes what it waits for.
func (c *cli) follow(ctx context.Context, options cluster.Options, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, c.change.wait)
	defer cancel()
	report := hpa.Examine(ctx, options)
	report = watchLines(ctx, stderr, report, func(ctx context.Context) *doctor.Report { return hpa.Examine(ctx, options) }, waitingFor)
	_, _ = fmt.Fprintln(stdout)
	if err := report.WriteText(stdout, colored(stdout, os.Getenv)); err != nil {
		return err
	}
	if code := report.Verdict().ExitCode(); code != 0 {
		return reportedError(1)
	}
	return nil
}

// waitingFor is the step of a report that does not work yet, and the reason.
func waitingFor(report *doctor.Report) string {
	for i := range report.Steps {
		s := &report.Steps[i]
		if s.State == doctor.OK || s.State == doctor.Warning {
			continue
		}
		reason := s.Message
		if len(s.Findings) > 0 {
			reason = s.Findings[0].Message
		}
		return s.Name + ": " + reason
	}
	return "the HPA works"
}
