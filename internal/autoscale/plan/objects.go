package plan

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/doctor/cluster"
)

// API versions of objects.
const (
	hpaAPI          = "autoscaling/v2"
	scaledObjectAPI = "keda.sh/v1alpha1"
	monitoringAPI   = "monitoring.coreos.com/v1"
)

// adapterName is the name of the objects of the adapter that this program installs.
const adapterName = "nginx-exporter-adapter"

//go:embed templates
var templates embed.FS

// data are the values of the templates.
type data struct {
	Name, Namespace string
	Target          cluster.Reference
	Min, Max        int32
	Rate, Quantity  string
	Metric          string
	Selector        *cluster.Selector
	Port            int
	Path            string
	Interval        string

	MonitorLabels    map[string]string
	MonitorNamespace string

	Prometheus, Query string // of KEDA; without a query it reads the exporters
	Window            string

	Adapter          string // name of the adapter's objects
	Rules, RulesHash string
	OpenShift        bool
}

func (s *site) data() data {
	d := data{
		Name: s.name, Namespace: s.namespace, Target: s.Ref, Min: s.Min, Max: s.Max,
		Rate: decimal(s.RequestsPerSecond), Quantity: quantity(s.RequestsPerSecond), Metric: s.metrics.metric,
		Selector: s.workload.Spec.Selector, Port: s.exporter.port, Path: s.exporter.path,
		Interval: s.scraper.interval.String(), MonitorNamespace: s.namespace, Window: directWindow, Adapter: adapterName,
	}
	if s.scraper.exists() {
		d.Prometheus = s.scraper.address()
	}
	if engine, _ := s.decide(); engine == EngineGKE {
		d.Metric = "autoscaling.gke.io|" + s.name + "|requests-per-second"
	}
	return d
}

// render runs a template, which may have several documents.
func render(name string, with data) (string, error) {
	functions := template.FuncMap{
		"yaml": func(of any) (string, error) {
			b, err := json.Marshal(of) // which is YAML in one line
			return strings.NewReplacer("\\u003c", "<", "\\u003e", ">", "\\u0026", "&").Replace(string(b)), err
		},
		"indent": func(by int, text string) string {
			return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", by))
		},
	}
	t, err := template.New(name).Funcs(functions).ParseFS(templates, "templates/*.yaml")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.ExecuteTemplate(&text, name, with)
	return text.String(), err
}

// addTemplated adds the steps for the objects of a template.
func (s *site) addTemplated(p *Plan, name, reason string, with data) error {
	text, err := render(name, with)
	if err != nil {
		return err
	}
	for document := range strings.SplitSeq(text, "---\n") {
		if err := s.addObject(p, document, reason); err != nil {
			return err
		}
	}
	return nil
}

// addObject adds the step for an object: to create it, to change ours, or to keep it. An
// object of others stays as it is.
func (s *site) addObject(p *Plan, manifest, reason string) error {
	var wanted map[string]any
	if err := yaml.Unmarshal([]byte(manifest), &wanted); err != nil {
		return fmt.Errorf("a manifest of this program is malformed: %w", err)
	}
	object := objectOf(wanted)
	step := Step{Action: Add, Object: object, Reason: reason, Manifest: manifest}
	var raw json.RawMessage
	err := s.readAny(object, &raw)
	if cluster.ReasonOf(err) == cluster.NotFound {
		p.add(step)
		return nil
	}
	if err != nil {
		return err
	}
	var live map[string]any
	if err := decode(raw, &live); err != nil {
		return err
	}
	switch {
	case field(live, "metadata", "labels", managedBy) != cluster.FieldManager:
		step.Action, step.blocks, step.Manifest = Manual, true, ""
		step.Reason = "an object of this name exists, and is not from this program: rename or delete it first"
	case equal(live, wanted):
		step.Action = Keep
	default:
		step.Action = Change
		step.Diff = diff(restricted(live, wanted), wanted)
	}
	p.add(step)
	return nil
}

// restricted is a live object without what a wanted one does not set: defaults, status.
func restricted(live, wanted any) any {
	w, isMap := wanted.(map[string]any)
	l, _ := live.(map[string]any)
	if !isMap || l == nil {
		return live
	}
	kept := map[string]any{}
	for key := range w {
		if value, found := l[key]; found {
			kept[key] = restricted(value, w[key])
		}
	}
	return kept
}

// objectOf names the object of a manifest.
func objectOf(manifest any) Object {
	text := func(path ...string) string {
		s, _ := field(manifest, path...).(string)
		return s
	}
	return Object{text("apiVersion"), text("kind"), text("metadata", "namespace"), text("metadata", "name")}
}

// readAny reads an object of any namespace, or of none.
func (s *site) readAny(o Object, into any) error { return s.ReadAt(o.Namespace, o.reference(), into) }
