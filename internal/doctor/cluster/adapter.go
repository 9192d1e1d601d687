package cluster

import (
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	adapterImage  = "prometheus-adapter"     // part of the name of its image
	accountPrefix = "system:serviceaccount:" // of the user names of service accounts
)

// Adapter is prometheus-adapter, or another server behind the custom metrics API.
type Adapter struct {
	Namespace  string
	Service    *Service  // nil if not found
	Deployment *Workload // nil if not found
	Container  Container // the one that runs the adapter
	Pods       []Pod
	ConfigMap  *ConfigMap // with its rules; nil if not found
	RulesKey   string     // the file of the ConfigMap with the rules
	Rules      []Rule
	RulesErr   error // why the rules cannot be parsed
	Hidden     error // why a part could not be observed
}

// readAdapter reads the Service behind the API, the Deployment, its pods and rules.
func (o *Observation) readAdapter() (*Adapter, error) {
	a := &Adapter{}
	api, err := o.CustomAPI.Get()
	if !a.observed(err) || api == nil {
		return a, nil
	}
	a.Namespace = api.Spec.Service.Namespace
	if s, err := o.Service(a.Namespace, api.Spec.Service.Name); a.observed(err) {
		a.Service = &s
	}
	deployments, err := readList[Workload](o, "/apis/apps/v1/namespaces/"+a.Namespace+"/deployments")
	if !a.observed(err) || !a.pick(deployments) {
		return a, nil
	}
	base := "/api/v1/namespaces/" + a.Namespace
	if pods, err := readList[Pod](o, base+"/pods"+selectorQuery(a.Deployment.Spec.Selector.String())); a.observed(err) {
		a.Pods = slices.DeleteFunc(pods, func(p Pod) bool { return p.ended() })
	}
	if name, key := a.rulesFile(); name != "" {
		if c, err := read[ConfigMap](o, base+"/configmaps/"+name); a.observed(err) {
			a.ConfigMap, a.RulesKey = &c, key
			a.Rules, a.RulesErr = ParseRules(c.Data[key])
		}
	}
	return a, nil
}

// observed reports whether a part was read, and records why not.
func (a *Adapter) observed(err error) bool {
	if isUnknown(err) && a.Hidden == nil {
		a.Hidden = err
	}
	return err == nil
}

// pick finds the Deployment: the one that the Service selects, or else the one that
// runs the image of prometheus-adapter.
func (a *Adapter) pick(all []Workload) bool {
	a.Deployment = find(all, func(d *Workload) bool {
		return a.Service != nil && a.Service.Selects(d.Spec.Template.Metadata.Labels)
	})
	if a.Deployment == nil {
		a.Deployment = find(all, func(d *Workload) bool {
			return slices.ContainsFunc(d.Spec.Template.Spec.Containers, func(c Container) bool { return strings.Contains(c.Image, adapterImage) })
		})
	}
	if a.Deployment == nil {
		return false
	}
	containers := a.Deployment.Spec.Template.Spec.Containers
	for _, c := range containers {
		if strings.Contains(c.Image, "adapter") || c.Flag("prometheus-url") != "" || len(containers) == 1 {
			a.Container = c
			break
		}
	}
	return true
}

// isAlone reports whether nothing else can listen on loopback in the pod.
func (a *Adapter) isAlone() bool {
	if a.Deployment == nil {
		return false
	}
	spec := &a.Deployment.Spec.Template.Spec
	return len(spec.Containers) == 1 && !spec.HostNetwork
}

// PrometheusURL is the URL of Prometheus that the adapter uses; empty if unknown.
func (a *Adapter) PrometheusURL() string {
	if a.Deployment == nil {
		return ""
	}
	u := a.Container.Flag("prometheus-url")
	switch {
	case strings.Contains(u, "$"): // an environment variable from a Secret or the like
		return ""
	case u == "" && strings.Contains(a.Container.Image, adapterImage):
		return "https://localhost" // its default
	}
	return u
}

// Account is the service account of the adapter, as NAMESPACE:NAME.
func (a *Adapter) Account() string {
	name := a.Deployment.Spec.Template.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return a.Namespace + ":" + name
}

// RelistInterval is how often the adapter lists the series of its rules.
func (a *Adapter) RelistInterval() time.Duration {
	if d, err := time.ParseDuration(a.Container.Flag("metrics-relist-interval")); err == nil {
		return d
	}
	return 10 * time.Minute // the default
}

// MaxAge is how old the newest sample of a series may be for the adapter to list it.
func (a *Adapter) MaxAge() time.Duration {
	if d, err := time.ParseDuration(a.Container.Flag("metrics-max-age")); err == nil && d > 0 {
		return d
	}
	return a.RelistInterval() // the default
}

// Started is when a container of the adapter last started; zero if none runs.
func (a *Adapter) Started() (at time.Time) {
	for _, p := range a.Pods {
		for _, s := range p.Status.ContainerStatuses {
			if s.State.Running != nil && s.State.Running.StartedAt.After(at) {
				at = s.State.Running.StartedAt
			}
		}
	}
	return at
}

// Youngest is when the youngest pod was created; without pods, when the Deployment last
// made progress.
func (a *Adapter) Youngest() (at time.Time) {
	if len(a.Pods) == 0 && a.Deployment != nil {
		return a.Deployment.Status.Conditions.Of("Progressing").LastUpdateTime
	}
	for _, p := range a.Pods {
		if t := p.Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}

// NotRunning lists the pods in which the container of the adapter does not run.
func (a *Adapter) NotRunning() []*Pod {
	var all []*Pod
	for _, p := range a.Pods {
		if p.Container(a.Container.Name).Problem() != "" {
			all = append(all, &p)
		}
	}
	return all
}

// rulesFile returns the ConfigMap and the key that --config refers to; empty if the
// file does not come from a ConfigMap.
func (a *Adapter) rulesFile() (name, key string) {
	file := a.Container.Flag("config")
	for _, mount := range a.Container.VolumeMounts {
		rest, below := strings.CutPrefix(file, strings.TrimSuffix(mount.MountPath, "/"))
		volumes := a.Deployment.Spec.Template.Spec.Volumes
		i := slices.IndexFunc(volumes, func(v Volume) bool { return v.Name == mount.Name })
		if !below || i < 0 || volumes[i].ConfigMap == nil {
			continue
		}
		if mount.SubPath != "" {
			return volumes[i].ConfigMap.Name, mount.SubPath
		}
		return volumes[i].ConfigMap.Name, path.Base(rest)
	}
	return "", ""
}

// RulesChanged is when the rules were changed after the adapter had started, which is
// when it reads them; zero if they were not.
func (a *Adapter) RulesChanged() time.Time {
	if a.ConfigMap == nil || a.Started().IsZero() {
		return time.Time{}
	}
	changed := a.ConfigMap.Metadata.Changed()
	if !changed.After(a.Started()) {
		return time.Time{}
	}
	return changed
}

// ErrNoRules means that a file is valid, but has no rules.
var ErrNoRules = errors.New("there are no rules in it")

// ParseRules parses the configuration file of the adapter.
func ParseRules(text string) ([]Rule, error) {
	var config struct {
		Rules []Rule `yaml:"rules"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return nil, err
	}
	if len(config.Rules) == 0 {
		return nil, ErrNoRules
	}
	return config.Rules, nil
}

// AdapterEndpoints lists the EndpointSlices of the adapter's Service.
func (o *Observation) AdapterEndpoints() ([]EndpointSlice, error) {
	a := o.Adapter.Value()
	all, err := readList[EndpointSlice](o, "/apis/discovery.k8s.io/v1/namespaces/"+a.Namespace+"/endpointslices"+
		selectorQuery("kubernetes.io/service-name="+a.Service.Metadata.Name))
	if !isUnknown(err) {
		err = nil
	}
	return all, err
}

// AdapterLog is the last error in the log of the adapter; see [Observation.Log].
func (o *Observation) AdapterLog() string {
	a := o.Adapter.Value()
	for _, p := range a.Pods {
		if text := o.Log(&p, a.Container.Name); text != "" {
			return text
		}
	}
	return ""
}

// AdapterAuthentication reads, as the adapter, how the API server authenticates its
// clients.
func (o *Observation) AdapterAuthentication() error {
	const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	var c ConfigMap
	return o.kubectl.get(o.ctx, accountPrefix+o.Adapter.Value().Account(), path, &c)
}

// ServicesNamed lists the Services of all namespaces whose names contain a text; none
// if they cannot be read.
func (o *Observation) ServicesNamed(part string) []Service {
	all, _ := readList[Service](o, "/api/v1/services")
	return slices.DeleteFunc(all, func(s Service) bool { return !strings.Contains(s.Metadata.Name, part) })
}

// HasCoreResource reports whether the core API has a resource or kind of a name; true
// if that is unknown.
func (o *Observation) HasCoreResource(name string) bool {
	name = strings.ToLower(name)
	known, err := read[resources](o, "/api/v1")
	return err != nil || len(known.Resources) == 0 || slices.ContainsFunc(known.Resources, func(r struct{ Name, SingularName, Kind string }) bool {
		return r.Name == name || r.SingularName == name || strings.ToLower(r.Kind) == name
	})
}
