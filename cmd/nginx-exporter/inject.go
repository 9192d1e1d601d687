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

// manifests has the flags of inject and uninject.
type manifests struct {
	run         inject.Run
	options     inject.Options
	labels      []string
	annotations []string
}

// focus hides the flags of the exporter from the help of commands that do not use them.
func (c *cli) focus(args []string) {
	if len(args) == 0 || !slices.Contains([]string{injectCommand, uninjectCommand, snippetCommand, doctorCommand, autoscaleCommand}, args[0]) {
		return
	}
	for _, f := range c.flags {
		targets := strings.HasPrefix(f.name, "nginx.") || f.name == "config.file"
		if args[0] != doctorCommand || slices.Contains(args, hpaCommand) || !targets || strings.HasPrefix(f.name, "nginx.plus.") {
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
	set("image-pull-policy", "Image pull policy: Always, IfNotPresent or Never; empty to omit it.", &o.PullPolicy)
	cmd.Flag("image-pull-secret", "Secret with the credentials for the image, to add to the pods.").StringVar(&o.PullSecret)
	set("scrape-uri", "URI of the NGINX status page, as seen from within the pod.", &o.ScrapeURI)
	cmd.Flag("port", "Port of the exporter.").Default("9113").IntVar(&o.Port)
	cmd.Flag("arg", "Additional argument for the exporter, as in --arg=--log.level=debug. Repeatable.").StringsVar(&o.Args)
	set("native", "Add a native sidecar (an init container with restartPolicy Always): auto, always or never.", &o.Native)
	cmd.Flag("openshift", "Leave user and group of the sidecar to OpenShift.").BoolVar(&o.OpenShift)
	cmd.Flag("container", "Name of the NGINX container; by default the one with an NGINX image.").StringVar(&o.Container)
	cmd.Flag("all", "Inject into pods without an NGINX container, too.").BoolVar(&o.All)
	cmd.Flag("host-network", "Inject into pods with hostNetwork, too.").BoolVar(&o.HostNetwork)
	cmd.Flag("status-config", "Add a ConfigMap with a status server, and mount it into the NGINX container.").BoolVar(&o.StatusConfig)
	cmd.Flag("access-log", "Add an access log for the exporter to NGINX: its configuration, and a volume that both mount.").BoolVar(&o.AccessLog)
	set("cpu-request", "CPU request of the sidecar; empty for none.", &o.Resources.Requests.CPU)
	set("memory-request", "Memory request of the sidecar; empty for none.", &o.Resources.Requests.Memory)
	set("cpu-limit", "CPU limit of the sidecar; empty for none.", &o.Resources.Limits.CPU)
	set("memory-limit", "Memory limit of the sidecar; empty for none.", &o.Resources.Limits.Memory)
	cmd.Flag("pod-label", "Label KEY=VALUE to add to the pods. Repeatable.").StringsVar(&m.labels)
	cmd.Flag("pod-annotation", "Annotation KEY=VALUE to add to the pods. Repeatable.").StringsVar(&m.annotations)
	cmd.Flag("scrape-annotations", "Add the annotations prometheus.io/scrape, port and path to the pods.").BoolVar(&o.ScrapeAnnotations)
}

// flags defines the flags that inject and uninject share.
func (m *manifests) flags(cmd *kingpin.CmdClause) {
	r := &m.run
	cmd.Flag("write", "Replace the files instead of writing to standard output.").Short('w').BoolVar(&r.Write)
	cmd.Flag("output-dir", "Directory to write the files to.").Short('o').StringVar(&r.OutputDir)
	cmd.Flag("report", "Report for each object on standard error: text, json or none.").
		Default(inject.ReportText).EnumVar(&r.Report, inject.ReportText, inject.ReportJSON, inject.ReportNone)
	cmd.Flag("require", "Exit with status 2 if no object ends up as requested, or any is refused.").BoolVar(&r.Require)
	cmd.Arg("file", "Files, directories, or - for standard input.").Required().StringsVar(&r.Paths)
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
	m.run.Edit = func(in *inject.Input, manifest string) (string, []inject.Outcome, error) {
		return in.Inject(manifest, *o)
	}
	return c.editManifests(args, stdout, stderr)
}

// editManifests runs inject or uninject. It rejects flags of the exporter, so that --nginx.scrape-uri is not mistaken for
// --scrape-uri.
func (c *cli) editManifests(args []string, stdout, stderr io.Writer) error {
	for _, f := range c.flags {
		if c.onCommandLine(args, f.name) && !strings.HasPrefix(f.name, "log.") {
			return &usageError{fmt.Errorf("--%s is a flag of the exporter; to pass it to the sidecar, write --arg=--%s", f.name, f.name)}
		}
	}
	r := &c.manifests.run
	for i, path := range r.Paths {
		// The parser removes the dash.
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

// pairs parses the KEY=VALUE of a flag.
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

// statusError is an error with a specific exit status.
type statusError struct {
	status int
	error
}

func (e *statusError) Unwrap() error { return e.error }
