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
	adapterImage = "prometheus-adapter" // what its image is called
	// accountPrefix begins the user names of service accounts.
	accountPrefix = "system:serviceaccount:"
)

// Adapter is prometheus-adapter, or what else is behind the custom metrics API.
// What was not found is nil.
type Adapter struct {
	Namespace  string
	Service    *Service
	Deployment *Workload
	Container  Container // that runs the adapter
	Pods       []Pod
	ConfigMap  *ConfigMap // with its rules
	Rules      []Rule
	RulesErr   error // why the rules cannot be parsed
	Hidden     error // why some of it cannot be observed
}

// readAdapter reads the Service behind the API, the Deployment, its pods and rules.
func (o *Observation) readAdapter() (*Adapter, error) {
	a := &Adapter{}
	api, err := o.CustomAPI.Get()
	if !a.got(err) || api == nil || api.Spec.Service == nil {
		return a, nil
	}
	a.Namespace = api.Spec.Service.Namespace
	if s, err := o.Service(a.Namespace, api.Spec.Service.Name); a.got(err) {
		a.Service = &s
	}
	deployments, err := readList[Workload](o, "/apis/apps/v1/namespaces/"+a.Namespace+"/deployments")
	if !a.got(err) || !a.pick(deployments) {
		return a, nil
	}
	base := "/api/v1/namespaces/" + a.Namespace
	if pods, err := readList[Pod](o, base+"/pods"+selectorQuery(a.Deployment.Spec.Selector.String())); a.got(err) {
		a.Pods = slices.DeleteFunc(pods, func(p Pod) bool { return p.ended() })
	}
	if name, key := a.rulesFile(); name != "" {
		if c, err := read[ConfigMap](o, base+"/configmaps/"+name); a.got(err) {
			a.ConfigMap = &c
			a.Rules, a.RulesErr = ParseRules(c.Data[key])
		}
	}
	return a, nil
}

// got reports whether something was read, and records what is hidden.
func (a *Adapter) got(err error) bool {
	if isUnknown(err) && a.Hidden == nil {
		a.Hidden = err
	}
	return err == nil
}

// pick finds the Deployment: the one that the Service leads to, or else the one
// that runs the image of prometheus-adapter.
func (a *Adapter) pick(all []Workload) bool {
	i := slices.IndexFunc(all, func(d Workload) bool {
		return a.Service != nil && len(a.Service.Spec.Selector) > 0 && LabelsMatch(a.Service.Spec.Selector, d.Spec.Template.Metadata.Labels)
	})
	if i < 0 {
		i = slices.IndexFunc(all, func(d Workload) bool {
			return slices.ContainsFunc(d.Spec.Template.Spec.Containers, func(c Container) bool { return strings.Contains(c.Image, adapterImage) })
		})
	}
	if i < 0 {
		return false
	}
	a.Deployment = &all[i]
	containers := a.Deployment.Spec.Template.Spec.Containers
	for _, c := range containers {
		if strings.Contains(c.Image, "adapter") || c.Flag("prometheus-url") != "" || len(containers) == 1 {
			a.Container = c
			break
		}
	}
	return true
}

// isAlone reports whether the pod has no other container that could listen on
// loopback.
func (a *Adapter) isAlone() bool {
	if a.Deployment == nil {
		return false
	}
	spec := &a.Deployment.Spec.Template.Spec
	return len(spec.Containers) == 1 && !spec.HostNetwork
}

// PrometheusURL is the address of Prometheus that the adapter uses; empty if it is
// not known.
func (a *Adapter) PrometheusURL() string {
	if a.Deployment == nil {
		return ""
	}
	u := a.Container.Flag("prometheus-url")
	switch {
	case strings.Contains(u, "$"): // it comes from a variable with a source
		return ""
	case u == "" && strings.Contains(a.Container.Image, adapterImage):
		return "https://localhost" // its default
	}
	return u
}

// Account is the service account of the adapter, NAMESPACE:NAME.
func (a *Adapter) Account() string {
	name := a.Deployment.Spec.Template.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return a.Namespace + ":" + name
}

// RelistInterval is how often it lists the series of its rules.
func (a *Adapter) RelistInterval() time.Duration {
	const usual = 10 * time.Minute
	if d, err := time.ParseDuration(a.Container.Flag("metrics-relist-interval")); err == nil {
		return d
	}
	return usual
}

// Started is when its last container was started; zero if none runs.
func (a *Adapter) Started() (at time.Time) {
	for i := range a.Pods {
		for _, s := range a.Pods[i].Status.ContainerStatuses {
			if s.State.Running != nil && s.State.Running.StartedAt.After(at) {
				at = s.State.Running.StartedAt
			}
		}
	}
	return at
}

// Youngest is when its last pod was created; without pods, when the Deployment last
// made progress.
func (a *Adapter) Youngest() (at time.Time) {
	if len(a.Pods) == 0 && a.Deployment != nil {
		at = a.Deployment.Status.Conditions.Of("Progressing").LastUpdateTime
	}
	for i := range a.Pods {
		if t := a.Pods[i].Metadata.CreationTimestamp; t.After(at) {
			at = t
		}
	}
	return at
}

// Crashing lists its pods whose container does not run.
func (a *Adapter) Crashing() []*Pod {
	var all []*Pod
	for i := range a.Pods {
		if a.Pods[i].Container(a.Container.Name).Problem() != "" {
			all = append(all, &a.Pods[i])
		}
	}
	return all
}

// rulesFile is the ConfigMap and the key in it that --config names; empty if it
// does not come from a ConfigMap.
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

// RulesChanged is when the rules were changed after the adapter had read them,
// which it does when it starts; zero if they were not.
func (a *Adapter) RulesChanged() time.Time {
	if a.ConfigMap == nil || a.Started().IsZero() {
		return time.Time{}
	}
	var changed time.Time
	for _, m := range a.ConfigMap.Metadata.ManagedFields {
		if m.Time.After(changed) {
			changed = m.Time
		}
	}
	if !changed.After(a.Started()) {
		return time.Time{}
	}
	return changed
}

// ErrNoRules is a file without rules, which may have other contents.
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

// AdapterEndpoints lists the endpoints of the Service of the adapter.
func (o *Observation) AdapterEndpoints() ([]EndpointSlice, error) {
	a := o.Adapter.Value()
	all, err := readList[EndpointSlice](o, "/apis/discovery.k8s.io/v1/namespaces/"+a.Namespace+"/endpointslices"+
		selectorQuery("kubernetes.io/service-name="+a.Service.Metadata.Name))
	if !isUnknown(err) {
		err = nil
	}
	return all, err
}

// AdapterLog is the last error in the log of a pod of the adapter.
func (o *Observation) AdapterLog() string {
	a := o.Adapter.Value()
	for i := range a.Pods {
		if text := o.Log(&a.Pods[i], a.Container.Name); text != "" {
			return text
		}
	}
	return ""
}

// AdapterAuthentication is why the adapter cannot read how the API server
// authenticates its clients; nil if it can.
func (o *Observation) AdapterAuthentication() error {
	const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	var c ConfigMap
	return o.kubectl.get(o.ctx, accountPrefix+o.Adapter.Value().Account(), path, &c)
}

// ServicesCalled lists the Services of all namespaces with a part in their names.
func (o *Observation) ServicesCalled(part string) []Service {
	all, _ := readList[Service](o, "/api/v1/services") // it only helps
	return slices.DeleteFunc(all, func(s Service) bool { return !strings.Contains(s.Metadata.Name, part) })
}

// HasCoreResource reports whether the core API has a resource or kind of a name;
// true if that is not known.
func (o *Observation) HasCoreResource(name string) bool {
	name = strings.ToLower(name)
	known, err := read[resources](o, "/api/v1")
	return err != nil || slices.ContainsFunc(known.Resources, func(r struct{ Name, SingularName, Kind string }) bool {
		return r.Name == name || r.SingularName == name || strings.ToLower(r.Kind) == name
	})
}
