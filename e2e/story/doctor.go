package story

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
	// findLimit is what doctor has until it names a fault: some show only when
	// samples have grown old or the HPA has asked again, and a monitor that was
	// changed has three minutes until doctor calls it broken. mendLimit is what
	// the chain has until it works again.
	findLimit = 200 * time.Second
	mendLimit = 2 * time.Minute
	// nameHold is how long doctor must stay with the name, while the HPA looks
	// again, Prometheus scrapes again and containers start again.
	nameHold = 8 * time.Second
	// missed is the folder of what doctor said wrongly.
	missed = "missed"
)

// clinic is where doctor examines the chain.
type clinic struct {
	story  *Story
	chain  *fault.Chain
	proxy  *record.Proxy
	folder string
	// users are the kubeconfigs of those who ask.
	users map[string]string
}

// doctor breaks the chain in one place after the other, and has "doctor hpa" tell
// which it is.
func (s *Story) doctor(ctx context.Context) error {
	if err := s.once(ctx); err != nil {
		return err
	}
	proxy, err := record.NewProxy()
	if err != nil {
		return err
	}
	defer proxy.Close() //nolint:errcheck // it only listens
	c := &clinic{
		story: s, chain: fault.New(s.cluster.Client, s.scraper, s.operator), proxy: proxy,
		folder: filepath.Join(s.tools.Folder, "doctor"), users: map[string]string{"": s.cluster.Config},
	}
	c.users[fault.Nobody], c.users[fault.Elsewhere], c.users[fault.Stranger], err = s.cluster.Strangers()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return err
	}
	faults, err := c.chosen()
	if err != nil {
		return err
	}
	healthy := &fault.Fault{Name: "healthy"}
	if err := c.well(ctx, &fault.Fault{Name: "healthy-search", Search: true}); err != nil {
		return err
	}
	unnamed, err := c.try(ctx, faults)
	if err != nil {
		return errors.Join(append(unnamed, err)...)
	}
	// Whatever was mended left nothing behind.
	if err := c.well(ctx, healthy); err != nil {
		return err
	}
	s.say("   %d faults, %d named", len(faults), len(faults)-len(unnamed))
	return errors.Join(unnamed...)
}

// chosen is the faults that the run is about.
func (c *clinic) chosen() ([]fault.Fault, error) {
	pattern, err := regexp.Compile("^(" + c.story.tools.Faults + ")$")
	if err != nil || c.story.tools.Faults == "" {
		return fault.All(), err
	}
	faults := slices.DeleteFunc(fault.All(), func(f fault.Fault) bool { return !pattern.MatchString(f.Name) })
	if len(faults) == 0 {
		err = errors.New("no fault is called " + c.story.tools.Faults)
	}
	return faults, err
}

// well waits until the chain works. Then doctor must find nothing, at the first
// look.
func (c *clinic) well(ctx context.Context, f *fault.Fault) error {
	if err := c.story.await(ctx, mendLimit, c.chain.Healthy); err != nil {
		return fmt.Errorf("the chain does not work: %w", err)
	}
	said, err := c.examine(ctx, f)
	if err != nil {
		return err
	}
	if said.exit != 0 || len(said.codes()) > 0 {
		return fmt.Errorf("doctor does not call a chain healthy that works: %s", said.text)
	}
	if f.Search {
		return nil // what doctor asked Prometheus by itself is not in the file
	}
	return c.keep(f.Name, "")
}

// try puts in one fault after the other. It gives what doctor did not name.
func (c *clinic) try(ctx context.Context, faults []fault.Fault) (unnamed []error, err error) {
	for i := range faults {
		f := &faults[i]
		began := time.Now()
		found, failure := c.name(ctx, f)
		if ctx.Err() != nil {
			return unnamed, ctx.Err()
		}
		if failure != nil {
			unnamed = append(unnamed, fmt.Errorf("%s (%s): %w", f.Name, f.Want, failure))
		}
		named := found.since.Sub(began)
		began = time.Now()
		if err := c.chain.Mend(ctx); err != nil {
			return unnamed, fmt.Errorf("mending %s: %w", f.Name, err)
		}
		if err := c.story.await(ctx, mendLimit, c.chain.Healthy); err != nil {
			return unnamed, fmt.Errorf("after %s the chain does not work again: %w", f.Name, err)
		}
		verdict := "named"
		if failure != nil {
			verdict = "MISSED"
		}
		c.story.say("   %-30s %-26s %-6s after %4.1f s, mended after %4.1f s; before that: %s",
			f.Name, f.Want, verdict, named.Seconds(), time.Since(began).Seconds(), strings.Join(found.before, ", "))
	}
	return unnamed, nil
}

// search is the way to a name for a fault.
type search struct {
	f      *fault.Fault
	last   *report
	before []string
	since  time.Time
}

// name puts a fault in and asks doctor until it names it, and keeps to it.
func (c *clinic) name(ctx context.Context, f *fault.Fault) (*search, error) {
	s := &search{f: f}
	if f.KEDA {
		if err := c.story.keda(ctx); err != nil {
			return s, err
		}
	}
	if err := c.chain.Break(ctx, f); err != nil {
		return s, err
	}
	limited, cancel := context.WithTimeout(ctx, findLimit)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		done, err := c.look(ctx, s)
		if done || err != nil {
			return s, err
		}
		select {
		case <-limited.Done():
			s.since = time.Now()
			return s, errors.Join(fmt.Errorf("not within %s; doctor says at last:\n%s", findLimit, s.last.text), c.keep(f.Name, missed))
		case <-tick.C:
		}
	}
}

// look asks doctor once. It is done when the name is right and has been for as
// long as it is to hold.
func (c *clinic) look(ctx context.Context, s *search) (done bool, err error) {
	said, err := c.examine(ctx, s.f)
	if err != nil {
		return false, err
	}
	s.last = said
	if said.names(s.f.Want) {
		if s.since.IsZero() {
			s.since = time.Now()
		}
		if time.Since(s.since) < nameHold {
			return false, nil
		}
		return true, c.keep(s.f.Name, "")
	}
	if !s.since.IsZero() {
		s.before = append(s.before, "named")
		s.since = time.Time{}
	}
	line := said.line()
	if len(s.before) > 0 && s.before[len(s.before)-1] == line {
		return false, nil
	}
	s.before = append(s.before, line)
	return false, c.keep(fmt.Sprintf("%s.%d", s.f.Name, len(s.before)), filepath.Join(missed, "before"))
}

// report is what doctor said.
type report struct {
	exit    int
	text    string
	Verdict string
	Steps   []struct {
		Name, State string
		Findings    []struct{ Code string }
	}
}

func (r *report) codes() []string {
	var codes []string
	for _, step := range r.Steps {
		for _, finding := range step.Findings {
			codes = append(codes, finding.Code)
		}
	}
	return codes
}

// names tells whether the cause is among those that were found. The first step
// that fails is the last one checked, so that it has no other cause.
// Without a cause nothing is to be found.
func (r *report) names(code string) bool {
	if code == "" {
		return r.exit == 0 && len(r.codes()) == 0
	}
	return slices.Contains(r.codes(), code)
}

// line is the verdict in short.
func (r *report) line() string {
	return strings.TrimSpace(r.Verdict + " " + strings.Join(r.codes(), "+"))
}

// examine runs doctor and records its questions and their answers.
func (c *clinic) examine(ctx context.Context, f *fault.Fault) (*report, error) {
	config, err := c.user(f.User)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(c.file()); err != nil {
		return nil, err
	}
	args, err := c.words(f)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.story.tools.Exporter, append([]string{"doctor", "hpa", "--output=json"}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "HOME="+c.folder)
	text, err := process.Output(cmd)
	said := &report{text: text, exit: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal([]byte(text), said); err != nil {
		return nil, fmt.Errorf("doctor says %q: %w", text, err)
	}
	if said.Verdict == "" {
		return nil, fmt.Errorf("doctor gives no verdict: %w", err)
	}
	return said, nil
}

// words are what doctor is told, and begin the recording, but for what stands
// between it and those whom it asks.
func (c *clinic) words(f *fault.Fault) (args []string, err error) {
	head := record.Head{Fault: f.Name, Want: f.Want, Now: time.Now().UTC().Format(time.RFC3339), Args: []string{f.Subject}}
	if f.Subject == "" {
		head.Args[0] = fault.Autoscaler
	}
	args = []string{head.Args[0]}
	if f.Kubectl == "" {
		kubectl, err := c.story.cluster.Binary("kubectl")
		if err != nil {
			return nil, err
		}
		script := filepath.Join(c.folder, "kubectl")
		if err := record.Wrapper(script, kubectl, c.file()); err != nil {
			return nil, err
		}
		args = append(args, "--kubectl="+script)
	} else {
		head.Args = append(head.Args, "--kubectl="+f.Kubectl)
		args = append(args, "--kubectl="+f.Kubectl)
	}
	address := c.story.scraper.url()
	if f.Prometheus != "" {
		address = f.Prometheus
	}
	c.proxy.To(address, c.file())
	if f.Search {
		head.Args = append(head.Args, "--prometheus.url=")
		args = append(args, "--prometheus.url=")
	} else {
		args = append(args, "--prometheus.url="+c.proxy.URL)
	}
	return args, record.Add(c.file(), head)
}

// file is where the conversation is that goes on now.
func (c *clinic) file() string { return filepath.Join(c.folder, "conversation.jsonl") }

// user is the kubeconfig of somebody.
func (c *clinic) user(name string) (string, error) {
	if config, known := c.users[name]; known {
		return config, nil
	}
	config, err := c.story.cluster.UserConfig(name)
	c.users[name] = config
	return config, err
}

// keep moves the last conversation to where it is wanted.
func (c *clinic) keep(name, under string) error {
	if c.story.tools.Record == "" {
		return nil
	}
	folder := filepath.Join(c.story.tools.Record, under)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile(c.file())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".jsonl"), text, 0o644)
}
