package hpa

import (
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// adapterImage is what the image of the adapter is called.
const adapterImage = "prometheus-adapter"

// apiServices is where APIs are registered.
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices/"

// adapter is the workload behind the custom metrics API. What could not be
// found is zero.
type adapter struct {
	read      bool
	namespace string
	service   *service
	workload  *workload // the Deployment
	podSpec   podSpec
	container container // that runs the adapter
	hidden    error     // why some of it cannot be seen
	pods      []pod
	config    *configMap
	rules     []rule
	badConfig error
}

// readAPI reads who serves custom metrics; nil if nobody does.
func (w *walk) readAPI() (*apiService, error) {
	if w.api != nil {
		return w.api, nil
	}
	for _, version := range []string{"v1beta1", "v1beta2"} {
		var api apiService
		err := w.cluster.get(w.ctx, apiServices+version+"."+customMetrics, &api)
		if err == nil {
			w.api = &api
			return w.api, nil
		}
		if reasonOf(err) != notFound {
			return nil, err
		}
	}
	return nil, nil // it is not there, which is no error
}

// readAdapter reads what is behind the API: Service, Deployment, pods, rules.
func (w *walk) readAdapter() *adapter {
	a := &w.adapter
	if a.read {
		return a
	}
	a.read = true
	api, err := w.readAPI()
	if !a.got(err) || api == nil || api.Spec.Service == nil {
		return a
	}
	a.namespace = api.Spec.Service.Namespace
	base := "/api/v1/namespaces/" + a.namespace
	var s service
	if a.got(w.cluster.get(w.ctx, base+"/services/"+api.Spec.Service.Name, &s)) {
		a.service = &s
	}
	var all list[workload]
	if !a.got(w.cluster.get(w.ctx, "/apis/apps/v1/namespaces/"+a.namespace+"/deployments", &all)) {
		return a
	}
	a.pick(all.Items)
	if a.workload == nil {
		return a
	}
	var pods list[pod]
	if a.got(w.cluster.get(w.ctx, base+"/pods"+selectorQuery(a.workload.Spec.Selector.String()), &pods)) {
		a.pods = slices.DeleteFunc(pods.Items, func(p pod) bool { return p.gone() })
	}
	w.readRules(a)
	return a
}

// got tells whether something was read, and keeps in mind what cannot be.
func (a *adapter) got(err error) bool {
	if unsaid(err) && a.hidden == nil {
		a.hidden = err
	}
	return err == nil
}

// pick finds the Deployment of an adapter: the one that the Service leads to,
// or else the one that runs such an image.
func (a *adapter) pick(all []workload) {
	byService := func(d workload) bool {
		return a.service != nil && len(a.service.Spec.Selector) > 0 && labelsMatch(a.service.Spec.Selector, d.Spec.Template.Metadata.Labels)
	}
	byImage := func(d workload) bool {
		return slices.ContainsFunc(d.Spec.Template.Spec.Containers, func(c container) bool { return strings.Contains(c.Image, adapterImage) })
	}
	i := slices.IndexFunc(all, byService)
	if i < 0 {
		i = slices.IndexFunc(all, byImage)
	}
	if i < 0 {
		return
	}
	a.workload = &all[i]
	a.podSpec = a.workload.Spec.Template.Spec
	containers := a.workload.Spec.Template.Spec.Containers
	for _, c := range containers {
		if strings.Contains(c.Image, "adapter") || c.value("prometheus-url") != "" || len(containers) == 1 {
			a.container = c
			return
		}
	}
}

// prometheusURL is where the adapter looks for series.
func (a *adapter) prometheusURL() string {
	if a.workload == nil {
		return ""
	}
	if u := a.container.value("prometheus-url"); strings.Contains(u, "$") {
		return "" // it comes from somewhere else
	} else if u != "" {
		return u
	}
	if strings.Contains(a.container.Image, adapterImage) {
		return "https://localhost" // its default
	}
	return ""
}

// account is the user that the adapter is to the API server.
func (a *adapter) account() string {
	name := a.workload.Spec.Template.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return "system:serviceaccount:" + a.namespace + ":" + name
}

// relist is how often it looks for series, maxAge how young they must be.
func (a *adapter) relist() time.Duration {
	const usual = 10 * time.Minute
	if d, err := time.ParseDuration(a.container.value("metrics-relist-interval")); err == nil {
		return d
	}
	return usual
}

// started is when the youngest pod of it began.
func (a *adapter) started() time.Time {
	var at time.Time
	for i := range a.pods {
		for _, s := range a.pods[i].Status.ContainerStatuses {
			if s.State.Running != nil && s.State.Running.StartedAt.After(at) {
				at = s.State.Running.StartedAt
			}
		}
	}
	return at
}

// readRules finds the ConfigMap that --config names.
func (w *walk) readRules(a *adapter) {
	file := a.container.value("config")
	spec := &a.workload.Spec.Template.Spec
	for _, mount := range a.container.VolumeMounts {
		rest, below := strings.CutPrefix(file, strings.TrimSuffix(mount.MountPath, "/"))
		i := slices.IndexFunc(spec.Volumes, func(v struct {
			Name      string
			ConfigMap *struct{ Name string }
		},
		) bool {
			return v.Name == mount.Name
		})
		if !below || i < 0 || spec.Volumes[i].ConfigMap == nil {
			continue
		}
		var c configMap
		if !a.got(w.cluster.get(w.ctx, "/api/v1/namespaces/"+a.namespace+"/configmaps/"+spec.Volumes[i].ConfigMap.Name, &c)) {
			return
		}
		key := path.Base(rest)
		if mount.SubPath != "" {
			key = mount.SubPath
		}
		a.config = &c
		a.rules, a.badConfig = parseRules(c.Data[key])
		return
	}
}

// errNoRules is a file that may be for other metrics.
var errNoRules = errors.New("there are no rules in it")

func parseRules(text string) ([]rule, error) {
	var config struct {
		Rules []rule `yaml:"rules"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return nil, err
	}
	if len(config.Rules) == 0 {
		return nil, errNoRules
	}
	return config.Rules, nil
}

// changedAfterStart tells whether the rules were changed after the adapter had
// read them, which it does only once.
func (a *adapter) changedAfterStart() (time.Time, bool) {
	if a.config == nil || a.started().IsZero() {
		return time.Time{}, false
	}
	var changed time.Time
	for _, m := range a.config.Metadata.ManagedFields {
		if m.Time.After(changed) {
			changed = m.Time
		}
	}
	return changed, changed.After(a.started())
}
