package inject

import (
	"slices"
	"strconv"
)

// ContainerName is the name of the sidecar; it tells an injected pod from
// another.
const ContainerName = "nginx-exporter"

// When the sidecar is a native one.
const (
	NativeAuto   = "auto"   // wherever Kubernetes has them, which is since 1.29
	NativeAlways = "always" // always
	NativeNever  = "never"  // never: an ordinary container beside nginx
)

// Options is what is injected, and into what.
type Options struct {
	Image      string
	PullPolicy string
	ScrapeURI  string
	Port       int
	Args       []string // further arguments of the exporter
	Resources  Resources
	Native     string // auto, always or never

	Container    string // the nginx container; empty to go by the image
	All          bool   // also pods in which no nginx is found
	HostNetwork  bool   // also pods in the network of their node
	StatusConfig bool   // add a status server to nginx
	Labels       []Pair // to add to the pods
	Annotations  []Pair // to add to the pods

	// ScrapeAnnotations adds those that tell old scrape configurations of
	// Prometheus to scrape the pods.
	ScrapeAnnotations bool
}

// Resources is what the sidecar asks for; what is empty is left out.
type Resources struct {
	CPURequest, MemoryRequest, CPULimit, MemoryLimit string
}

// Pair is a label or an annotation.
type Pair struct {
	Key, Value string
}

// Defaults returns the options that stand when nobody says otherwise, with the
// image of a version.
func Defaults(version string) Options {
	if version == "" {
		version = "latest"
	}
	return Options{
		Image:      ContainerName + ":" + version,
		PullPolicy: "IfNotPresent",
		ScrapeURI:  "http://127.0.0.1:8080/stub_status",
		Port:       9113,
		Native:     NativeAuto,
		Resources:  Resources{CPURequest: "10m", MemoryRequest: "16Mi", MemoryLimit: "64Mi"},
	}
}

func (o *Options) native() bool { return o.Native != NativeNever }

// annotations are all those to add.
func (o *Options) annotations() []Pair {
	if !o.ScrapeAnnotations {
		return o.Annotations
	}
	return slices.Concat(o.Annotations, []Pair{
		{"prometheus.io/scrape", "true"},
		{"prometheus.io/port", strconv.Itoa(o.Port)},
		{"prometheus.io/path", "/metrics"},
	})
}

// Container returns the sidecar as YAML. Its list of keys is the same in the
// Helm chart, the kustomize component and the admission policy.
func Container(o Options) string {
	w := writer{layout: layout{step: 2, dash: 2, item: 2, eol: "\n"}}
	w.fields(container(&o), 0, false)
	return w.String()
}

func container(o *Options) mapping {
	args := list{"--nginx.scrape-uri=" + o.ScrapeURI, "--web.listen-address=:" + strconv.Itoa(o.Port)}
	for _, arg := range o.Args {
		args = append(args, arg)
	}
	c := mapping{{"name", ContainerName}, {"image", o.Image}}
	if o.PullPolicy != "" {
		c = append(c, field{"imagePullPolicy", o.PullPolicy})
	}
	if o.native() {
		c = append(c, field{"restartPolicy", "Always"})
	}
	c = append(
		c,
		field{"args", args},
		field{"ports", list{mapping{{"name", "exporter"}, {"containerPort", o.Port}, {"protocol", "TCP"}}}},
		field{"startupProbe", probe(o, field{"periodSeconds", 1}, field{"failureThreshold", 30})},
		field{"livenessProbe", probe(o, field{"periodSeconds", 10}, field{"timeoutSeconds", 3}, field{"failureThreshold", 3})},
	)
	if r := o.Resources.fields(); len(r) > 0 {
		c = append(c, field{"resources", r})
	}
	return append(c, field{"securityContext", mapping{
		{"runAsNonRoot", true},
		{"runAsUser", 65532},
		{"runAsGroup", 65532},
		{"allowPrivilegeEscalation", false},
		{"readOnlyRootFilesystem", true},
		{"capabilities", mapping{{"drop", list{"ALL"}}}},
		{"seccompProfile", mapping{{"type", "RuntimeDefault"}}},
	}})
}

// probe asks the exporter, never nginx: a status page that fails must not end
// the sidecar, and there is no readiness probe that could end the pod's traffic.
func probe(o *Options, times ...field) mapping {
	get := mapping{{"path", "/-/healthy"}, {"port", o.Port}}
	return append(mapping{{"httpGet", get}}, times...)
}

func (r Resources) fields() mapping {
	amounts := func(cpu, memory string) mapping {
		var m mapping
		if cpu != "" {
			m = append(m, field{"cpu", cpu})
		}
		if memory != "" {
			m = append(m, field{"memory", memory})
		}
		return m
	}
	var m mapping
	if requests := amounts(r.CPURequest, r.MemoryRequest); len(requests) > 0 {
		m = append(m, field{"requests", requests})
	}
	if limits := amounts(r.CPULimit, r.MemoryLimit); len(limits) > 0 {
		m = append(m, field{"limits", limits})
	}
	return m
}
