package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/e2e/fault"
	"nginx-exporter/e2e/process"
	"nginx-exporter/e2e/record"
)

const (
	// findLimit is how long doctor may take to find a fault: some show only when
	// samples are old or the HPA has synced, and doctor gives a changed monitor three
	// minutes. restoreLimit is how long the installation may take to work again.
	findLimit    = 200 * time.Second
	restoreLimit = 2 * time.Minute
	// holdTime is how long the finding must be stable, while the HPA syncs,
	// Prometheus scrapes and containers restart.
	holdTime = 8 * time.Second
	// missedDir has the recordings with wrong results.
	missedDir = "missed"
)

// doctorRun runs doctor for each fault.
type doctorRun struct {
	scenario *Scenario
	injector *fault.Injector
	proxy    *record.Proxy
	dir      string
	// users are kubeconfigs by user.
	users map[string]string
}

// doctor injects one fault after the other and checks that "doctor hpa" finds it.
func (s *Scenario) doctor(ctx context.Context) error {
	if err := s.deleteMonitorCopy(ctx); err != nil {
		return err
	}
	proxy, err := record.NewProxy()
	if err != nil {
		return err
	}
	defer proxy.Close() //nolint:errcheck // only stops listening
	c := &doctorRun{
		scenario: s, injector: fault.New(s.cluster.Client, s.scraper, s.operator), proxy: proxy,
		dir: filepath.Join(s.tools.TempDir, "doctor"), users: map[string]string{"": s.cluster.Config},
	}
	c.users[fault.EmptyConfig], c.users[fault.WrongAddress], c.users[fault.InvalidToken], err = s.cluster.BrokenConfigs()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	faults, err := c.selectFaults()
	if err != nil {
		return err
	}
	healthy := &fault.Fault{Name: "healthy"}
	if err := c.expectHealthy(ctx, &fault.Fault{Name: "healthy-search", Search: true}); err != nil {
		return err
	}
	missed, err := c.runFaults(ctx, faults)
	if err != nil {
		return errors.Join(append(missed, err)...)
	}
	// All faults were restored completely.
	if err := c.expectHealthy(ctx, healthy); err != nil {
		return err
	}
	s.printf("   %d faults, %d found", len(faults), len(faults)-len(missed))
	return errors.Join(missed...)
}

// selectFaults returns the faults of this run.
func (c *doctorRun) selectFaults() ([]fault.Fault, error) {
	pattern, err := regexp.Compile("^(" + c.scenario.tools.Faults + ")$")
	if err != nil || c.scenario.tools.Faults == "" {
		return fault.All(), err
	}
	faults := slices.DeleteFunc(fault.All(), func(f fault.Fault) bool { return !pattern.MatchString(f.Name) })
	if len(faults) == 0 {
		err = errors.New("no fault matches " + c.scenario.tools.Faults)
	}
	return faults, err
}

// expectHealthy waits until the installation works. Then doctor must find nothing.
func (c *doctorRun) expectHealthy(ctx context.Context, f *fault.Fault) error {
	if err := c.scenario.await(ctx, restoreLimit, c.injector.Healthy); err != nil {
		return fmt.Errorf("the installation does not work: %w", err)
	}
	report, err := c.examine(ctx, f)
	if err != nil {
		return err
	}
	if report.exit != 0 || len(report.codes()) > 0 {
		return fmt.Errorf("doctor finds a problem in an installation that works: %s", report.text)
	}
	if f.Search {
		return nil // requests to Prometheus through kubectl are not in the file
	}
	return c.saveRecording(f.Name, "")
}

// runFaults injects one fault after the other and returns those not found.
func (c *doctorRun) runFaults(ctx context.Context, faults []fault.Fault) (missed []error, err error) {
	for i := range faults {
		f := &faults[i]
		began := time.Now()
		found, failure := c.awaitFinding(ctx, f)
		if ctx.Err() != nil {
			return missed, ctx.Err()
		}
		if failure != nil {
			missed = append(missed, fmt.Errorf("%s (%s): %w", f.Name, f.Want, failure))
		}
		took := found.since.Sub(began)
		began = time.Now()
		if err := c.injector.Restore(ctx); err != nil {
			return missed, fmt.Errorf("restoring after %s: %w", f.Name, err)
		}
		if err := c.scenario.await(ctx, restoreLimit, c.injector.Healthy); err != nil {
			return missed, fmt.Errorf("after %s the installation does not work again: %w", f.Name, err)
		}
		verdict := "found"
		if failure != nil {
			verdict = "MISSED"
		}
		c.scenario.printf("   %-30s %-26s %-6s after %4.1f s, restored after %4.1f s; before: %s",
			f.Name, f.Want, verdict, took.Seconds(), time.Since(began).Seconds(), strings.Join(found.before, ", "))
	}
	return missed, nil
}

// attempt is the progress of doctor with one fault.
type attempt struct {
	f      *fault.Fault
	last   *doctorReport
	before []string
	since  time.Time
}

// awaitFinding injects a fault and runs doctor until its finding is right and stable.
func (c *doctorRun) awaitFinding(ctx context.Context, f *fault.Fault) (*attempt, error) {
	s := &attempt{f: f}
	if f.KEDA {
		if err := c.scenario.keda(ctx); err != nil {
			return s, err
		}
	}
	if err := c.injector.Inject(ctx, f); err != nil {
		return s, err
	}
	limited, cancel := context.WithTimeout(ctx, findLimit)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		done, err := c.examineOnce(ctx, s)
		if done || err != nil {
			return s, err
		}
		select {
		case <-limited.Done():
			s.since = time.Now()
			return s, errors.Join(fmt.Errorf("not found within %s; last report:\n%s", findLimit, s.last.text), c.saveRecording(f.Name, missedDir))
		case <-tick.C:
		}
	}
}

// examineOnce runs doctor once. It is done when the finding has been right for the
// hold time.
func (c *doctorRun) examineOnce(ctx context.Context, s *attempt) (done bool, err error) {
	report, err := c.examine(ctx, s.f)
	if err != nil {
		return false, err
	}
	s.last = report
	if report.has(s.f.Want) {
		if s.since.IsZero() {
			s.since = time.Now()
		}
		if time.Since(s.since) < holdTime {
			return false, nil
		}
		return true, c.saveRecording(s.f.Name, "")
	}
	if !s.since.IsZero() {
		s.before = append(s.before, "found")
		s.since = time.Time{}
	}
	line := report.line()
	if len(s.before) > 0 && s.before[len(s.before)-1] == line {
		return false, nil
	}
	s.before = append(s.before, line)
	return false, c.saveRecording(fmt.Sprintf("%s.%d", s.f.Name, len(s.before)), filepath.Join(missedDir, "before"))
}

// doctorReport is a report of doctor.
type doctorReport struct {
	exit    int
	text    string
	Verdict string
	Steps   []struct {
		Name, State string
		Findings    []struct{ Code string }
	}
}

func (r *doctorReport) codes() []string {
	var codes []string
	for _, step := range r.Steps {
		for _, finding := range step.Findings {
			codes = append(codes, finding.Code)
		}
	}
	return codes
}

// has reports whether the cause was found, or nothing if the cause is empty.
func (r *doctorReport) has(code string) bool {
	if code == "" {
		return r.exit == 0 && len(r.codes()) == 0
	}
	return slices.Contains(r.codes(), code)
}

// line is the report in one line.
func (r *doctorReport) line() string {
	return strings.TrimSpace(r.Verdict + " " + strings.Join(r.codes(), "+"))
}

// examine runs doctor and records its conversation.
func (c *doctorRun) examine(ctx context.Context, f *fault.Fault) (*doctorReport, error) {
	config, err := c.user(f.User)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(c.file()); err != nil {
		return nil, err
	}
	args, err := c.arguments(f)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.scenario.tools.Exporter, append([]string{"doctor", "hpa", "--output=json"}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "HOME="+c.dir)
	text, err := process.Output(cmd)
	report := &doctorReport{text: text, exit: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal([]byte(text), report); err != nil {
		return nil, fmt.Errorf("doctor printed %q: %w", text, err)
	}
	if report.Verdict == "" {
		return nil, fmt.Errorf("report without a verdict: %w", err)
	}
	return report, nil
}

// arguments returns the arguments of doctor and starts the recording, whose
// arguments do not name the wrapper and the proxy.
func (c *doctorRun) arguments(f *fault.Fault) (args []string, err error) {
	head := record.Head{Fault: f.Name, Want: f.Want, Now: time.Now().UTC().Format(time.RFC3339), Args: []string{f.Subject}}
	if f.Subject == "" {
		head.Args[0] = fault.Autoscaler
	}
	args = []string{head.Args[0]}
	if f.Kubectl == "" {
		kubectl, err := c.scenario.cluster.Binary("kubectl")
		if err != nil {
			return nil, err
		}
		script := filepath.Join(c.dir, "kubectl")
		if err := record.WriteWrapper(script, kubectl, c.file()); err != nil {
			return nil, err
		}
		args = append(args, "--kubectl="+script)
	} else {
		head.Args = append(head.Args, "--kubectl="+f.Kubectl)
		args = append(args, "--kubectl="+f.Kubectl)
	}
	address := c.scenario.scraper.url()
	if f.Prometheus != "" {
		address = f.Prometheus
	}
	c.proxy.SetTarget(address, c.file())
	if f.Search {
		head.Args = append(head.Args, "--prometheus.url=")
		args = append(args, "--prometheus.url=")
	} else {
		args = append(args, "--prometheus.url="+c.proxy.URL)
	}
	return args, record.Append(c.file(), head)
}

// file is the current recording.
func (c *doctorRun) file() string { return filepath.Join(c.dir, "conversation.jsonl") }

// user returns the kubeconfig of a user.
func (c *doctorRun) user(name string) (string, error) {
	if config, known := c.users[name]; known {
		return config, nil
	}
	config, err := c.scenario.cluster.UserConfig(name)
	c.users[name] = config
	return config, err
}

// saveRecording copies the current recording to the directory for recordings.
func (c *doctorRun) saveRecording(name, under string) error {
	if c.scenario.tools.Record == "" {
		return nil
	}
	dir := filepath.Join(c.scenario.tools.Record, under)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile(c.file())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".jsonl"), text, 0o644)
}
