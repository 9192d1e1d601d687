package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/inject"
)

const injectCommand = "inject"

// unmetStatus is the exit status when --require is not met.
const unmetStatus = 2

// manifests is what can be said to inject and uninject.
type manifests struct {
	run         inject.Run
	options     inject.Options
	labels      []string
	annotations []string
}

// focus hides the flags of the exporter itself from the help of commands that
// have no use for them.
func (c *cli) focus(args []string) {
	if len(args) == 0 || !slices.Contains([]string{injectCommand, uninjectCommand, snippetCommand, doctorCommand}, args[0]) {
		return
	}
	for _, f := range c.flags {
		targets := strings.HasPrefix(f.name, "nginx.") || f.name == "config.file"
		if args[0] != doctorCommand || slices.Contains(args, hpaWord) || !targets || strings.HasPrefix(f.name, "nginx.plus.") {
			f.clause.Hidden()
		}
	}
}

// addInject defines the command inject.
func (c *cli) addInject() {
	m := &c.manifests
	m.options = inject.Defaults(releaseVersion())
	o := &m.options
	cmd := c.app.Command(injectCommand, "Add the exporter to Kubernetes manifests as a sidecar.")
	m.flags(cmd)
	set := func(name, help string, to *string) { cmd.Flag(name, help).Default(*to).StringVar(to) }
	set("image", "Image of the exporter.", &o.Image)
	set("image-pull-policy", "Always, IfNotPresent or Never; empty leaves it out.", &o.PullPolicy)
	set("scrape-uri", "Status page of NGINX, as the pod sees it.", &o.ScrapeURI)
	cmd.Flag("port", "Port of the metrics.").Default("9113").IntVar(&o.Port)
	cmd.Flag("arg", "Further argument of the exporter, as in --arg=--log.level=debug. Can be repeated.").StringsVar(&o.Args)
	set("native", "Make it a native sidecar (an init container that stays): auto, always or never.", &o.Native)
	cmd.Flag("container", "The container of NGINX; without it, the one with an image of NGINX.").StringVar(&o.Container)
	cmd.Flag("all", "Inject into pods in which no NGINX is found, too.").BoolVar(&o.All)
	cmd.Flag("host-network", "Inject into pods with hostNetwork, too.").BoolVar(&o.HostNetwork)
	cmd.Flag("status-config", "Add a ConfigMap with a status server, and mount it into the container of NGINX.").BoolVar(&o.StatusConfig)
	set("cpu-request", "CPU that the sidecar asks for; empty for none.", &o.Resources.CPURequest)
	set("memory-request", "Memory that the sidecar asks for; empty for none.", &o.Resources.MemoryRequest)
	set("cpu-limit", "CPU that the sidecar may have; empty for any.", &o.Resources.CPULimit)
	set("memory-limit", "Memory that the sidecar may have; empty for any.", &o.Resources.MemoryLimit)
	cmd.Flag("pod-label", "Label KEY=VALUE to add to the pods. Can be repeated.").StringsVar(&m.labels)
	cmd.Flag("pod-annotation", "Annotation KEY=VALUE to add to the pods. Can be repeated.").StringsVar(&m.annotations)
	cmd.Flag("scrape-annotations", "Add the annotations prometheus.io/scrape, port and path to the pods.").BoolVar(&o.ScrapeAnnotations)
}

// flags defines what both commands have.
func (m *manifests) flags(cmd *kingpin.CmdClause) {
	r := &m.run
	cmd.Flag("write", "Replace the files, in place of writing to standard output.").Short('w').BoolVar(&r.Write)
	cmd.Flag("output-dir", "Folder to write the files to.").Short('o').StringVar(&r.OutputDir)
	cmd.Flag("report", "What to tell of each object on standard error: text, json or none.").
		Default(inject.ReportText).EnumVar(&r.Report, inject.ReportText, inject.ReportJSON, inject.ReportNone)
	cmd.Flag("require", "Exit with 2 if no object is as wanted, or one was refused.").BoolVar(&r.Require)
	cmd.Arg("file", "Files, folders, or - for standard input.").Required().StringsVar(&r.Paths)
}

// inject runs the command.
func (c *cli) inject(args []string, stdout, stderr io.Writer) error {
	m := &c.manifests
	o := &m.options
	var err error
	if o.Labels, err = pairs("--pod-label", m.labels); err != nil {
		return &usageError{err}
	}
	if o.Annotations, err = pairs("--pod-annotation", m.annotations); err != nil {
		return &usageError{err}
	}
	if err := o.Validate(); err != nil {
		return &usageError{err}
	}
	m.run.Wanted = []string{inject.Injected, inject.Unchanged}
	m.run.Edit = func(manifest string) (string, []inject.Outcome, error) { return inject.Inject(manifest, *o) }
	return c.editManifests(args, stdout, stderr)
}

// editManifests runs inject or uninject. The exporter's own flags mean nothing
// to them; silence would let --nginx.scrape-uri pass for --scrape-uri.
func (c *cli) editManifests(args []string, stdout, stderr io.Writer) error {
	for _, f := range c.flags {
		if c.onCommandLine(args, f.name) && !strings.HasPrefix(f.name, "log.") {
			return &usageError{fmt.Errorf("--%s is a flag of the exporter itself; to inject it, write --arg=--%s", f.name, f.name)}
		}
	}
	r := &c.manifests.run
	for i, path := range r.Paths {
		// The parser takes the dash off.
		if path == "" && slices.Contains(args, "-") {
			r.Paths[i] = "-"
		}
	}
	r.Stdin, r.Stdout, r.Stderr = os.Stdin, stdout, stderr
	err := r.Do()
	if errors.Is(err, inject.ErrUnmet) {
		return &statusError{unmetStatus, err}
	}
	return err
}

// pairs reads KEY=VALUE.
func pairs(flag string, given []string) ([]inject.Pair, error) {
	var all []inject.Pair
	for _, s := range given {
		key, value, assigned := strings.Cut(s, "=")
		if !assigned || key == "" {
			return nil, fmt.Errorf("%s: %q is not KEY=VALUE", flag, s)
		}
		all = append(all, inject.Pair{Key: key, Value: value})
	}
	return all, nil
}

// statusError is an error with an exit status of its own.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }
