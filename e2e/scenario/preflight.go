package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/process"
)

// oldestMinor is the first minor version of Kubernetes 1 with native sidecars.
const oldestMinor = 29

// preflight checks an existing cluster before anything is created in it.
type preflight struct {
	scenario *Scenario
	options  Existing
	// labels are those of the namespace for the selector of the Prometheus object.
	labels map[string]string
}

// check prints a line for each requirement and returns those that are not met.
func (p *preflight) check(ctx context.Context) error {
	var missing []error
	for _, c := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"API server", p.version},
		{"permissions", p.permissions},
		{"own namespace", p.namespaceFree},
		{"prometheus-operator", p.operator},
		{"Prometheus", p.prometheus},
		{"custom metrics API", p.customMetricsFree},
	} {
		text, err := c.do(ctx)
		if err != nil {
			p.scenario.printf("   %-20s missing: %v", c.name, err)
			missing = append(missing, fmt.Errorf("%s: %w", c.name, err))
			continue
		}
		p.scenario.printf("   %-20s %s", c.name, text)
	}
	return errors.Join(missing...)
}

func (p *preflight) client() *kube.Client { return p.scenario.cluster.Client }

// version requires native sidecars.
func (p *preflight) version(ctx context.Context) (string, error) {
	var v struct{ Major, Minor, GitVersion string }
	if err := p.client().Get(ctx, "/version", &v); err != nil {
		return "", err
	}
	minor, err := strconv.Atoi(strings.TrimRight(v.Minor, "+"))
	if err == nil && minor < oldestMinor {
		err = fmt.Errorf("kubernetes 1.%d or later is required", oldestMinor)
	}
	return v.GitVersion, err
}

// permission is one to be reviewed, in the own namespace unless cluster is set.
type permission struct {
	verb, group, resource, subresource, name string
	cluster                                  bool
}

// permissions asks the API server for each permission that the run uses.
func (p *preflight) permissions(ctx context.Context) (string, error) {
	all := []permission{
		{verb: "create", resource: "namespaces", cluster: true},
		{verb: "delete", resource: "namespaces", name: ownSpace, cluster: true},
		{verb: "create", group: "apps", resource: "deployments"},
		{verb: "create", resource: "configmaps"},
		{verb: "create", resource: "secrets"}, // Helm keeps the release in one
		{verb: "create", resource: "pods"},
		{verb: "get", resource: "pods", subresource: "proxy"},
		{verb: "create", group: "autoscaling", resource: "horizontalpodautoscalers"},
		{verb: "create", group: "monitoring.coreos.com", resource: "podmonitors"},
		{verb: "create", group: "monitoring.coreos.com", resource: "prometheusrules"},
		{verb: "list", group: "monitoring.coreos.com", resource: "prometheuses", cluster: true},
		{verb: "create", group: "apiregistration.k8s.io", resource: "apiservices", cluster: true},
		{verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterroles", cluster: true},
		{verb: "bind", group: "rbac.authorization.k8s.io", resource: "clusterroles", name: "system:auth-delegator", cluster: true},
		{verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterrolebindings", cluster: true},
		{verb: "impersonate", resource: "serviceaccounts", name: "horizontal-pod-autoscaler", cluster: true},
	}
	var denied []string
	for _, want := range all {
		allowed, err := p.allowed(ctx, want)
		if err != nil {
			return "", err
		}
		if !allowed {
			denied = append(denied, strings.TrimRight(want.verb+" "+strings.Trim(want.resource+"/"+want.subresource, "/")+"."+want.group, "."))
		}
	}
	if len(denied) > 0 {
		return "", errors.New("not allowed: " + strings.Join(denied, ", "))
	}
	return strconv.Itoa(len(all)) + " allowed", nil
}

func (p *preflight) allowed(ctx context.Context, want permission) (bool, error) {
	attributes := object{
		"verb": want.verb, "group": want.group, "resource": want.resource, "subresource": want.subresource, "name": want.name,
	}
	if !want.cluster {
		attributes["namespace"] = ownSpace
	}
	var review struct{ Status struct{ Allowed bool } }
	err := p.client().Create(ctx, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", object{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": object{"resourceAttributes": attributes},
	}, &review)
	return review.Status.Allowed, err
}

// namespaceFree requires that no other run uses the namespace.
func (p *preflight) namespaceFree(ctx context.Context) (string, error) {
	err := p.client().Get(ctx, "/api/v1/namespaces/"+ownSpace, nil)
	switch {
	case kube.IsNotFound(err):
		return ownSpace + ", deleted at the end", nil
	case err != nil:
		return "", err
	}
	return "", fmt.Errorf("namespace %s exists: another run, or the rest of one; delete it", ownSpace)
}

// operator requires the CRDs of prometheus-operator.
func (p *preflight) operator(ctx context.Context) (string, error) {
	var list struct{ Resources []struct{ Name string } }
	err := p.client().Get(ctx, "/apis/monitoring.coreos.com/v1", &list)
	if kube.IsNotFound(err) {
		return "", errors.New("no CRDs of monitoring.coreos.com/v1: install prometheus-operator, for example with kube-prometheus-stack")
	}
	if err != nil {
		return "", err
	}
	var missing []string
	for _, name := range []string{"prometheuses", "podmonitors", "prometheusrules"} {
		if !slices.ContainsFunc(list.Resources, func(r struct{ Name string }) bool { return r.Name == name }) {
			missing = append(missing, name+".monitoring.coreos.com")
		}
	}
	if len(missing) > 0 {
		return "", errors.New("no CRD " + strings.Join(missing, ", "))
	}
	return "CRDs are present", nil
}

// prometheusObject is an object of prometheus-operator.
type prometheusObject struct {
	Metadata struct{ Namespace, Name string }
	Spec     struct {
		PodMonitorSelector, PodMonitorNamespaceSelector, RuleSelector *labelSelector
	}
}

func (o *prometheusObject) name() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

// prometheus chooses the object, derives the labels that it selects, and requires that
// its Service responds.
func (p *preflight) prometheus(ctx context.Context) (string, error) {
	var list struct{ Items []prometheusObject }
	err := p.client().Get(ctx, "/apis/monitoring.coreos.com/v1/prometheuses", &list)
	if kube.IsNotFound(err) {
		return "", errors.New("see prometheus-operator")
	}
	if err != nil {
		return "", err
	}
	o, err := choose(list.Items, p.options.Prometheus)
	if err != nil {
		return "", err
	}
	if o.Spec.PodMonitorSelector == nil {
		return "", fmt.Errorf("%s selects no PodMonitors: set podMonitorSelector", o.name())
	}
	monitor, err1 := o.Spec.PodMonitorSelector.labels()
	rule, err2 := o.Spec.RuleSelector.labels()
	namespace, err3 := o.Spec.PodMonitorNamespaceSelector.labels()
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", fmt.Errorf("%s: %w", o.name(), err)
	}
	if o.Spec.PodMonitorNamespaceSelector == nil && o.Metadata.Namespace != ownSpace {
		return "", fmt.Errorf("%s selects PodMonitors in its own namespace only: set podMonitorNamespaceSelector", o.name())
	}
	p.labels = namespace
	p.useValues(o, monitor, rule)
	p.scenario.query = p.query("/api/v1/namespaces/" + o.Metadata.Namespace + "/services/prometheus-operated:web/proxy")
	if _, err := p.scenario.query(ctx, "vector(1)"); err != nil {
		return "", fmt.Errorf("Service prometheus-operated of %s: %w", o.name(), err) //nolint:staticcheck // a kind
	}
	return fmt.Sprintf("%s; labels of PodMonitors: %s, of namespaces: %s", o.name(), joined(monitor), joined(namespace)), nil
}

// choose returns the object of that name, or the only one.
func choose(all []prometheusObject, name string) (*prometheusObject, error) {
	var names []string
	for i := range all {
		if all[i].name() == name || name == "" && len(all) == 1 {
			return &all[i], nil
		}
		names = append(names, all[i].name())
	}
	if len(all) == 0 {
		return nil, errors.New("no Prometheus object: install kube-prometheus-stack, or create one")
	}
	return nil, fmt.Errorf("set E2E_PROMETHEUS to one of %s", strings.Join(names, ", "))
}

// useValues sets values of the chart for that Prometheus.
func (p *preflight) useValues(o *prometheusObject, monitor, rule map[string]string) {
	repository, tag := p.options.Image, ""
	if i := strings.LastIndex(repository, ":"); i > strings.LastIndex(repository, "/") {
		repository, tag = repository[:i], repository[i+1:]
	}
	s := p.scenario
	s.injectFlags = []string{"--image=" + p.options.Image}
	s.values = []string{
		"--set-string", "image.repository=" + repository, "--set-string", "image.tag=" + tag,
		"--set", "autoscaling.prometheusUrl=http://prometheus-operated." + o.Metadata.Namespace + ".svc:9090",
	}
	for key, labels := range map[string]map[string]string{"monitor": monitor, "prometheusRule": rule} {
		if len(labels) > 0 {
			text, err := json.Marshal(labels)
			if err == nil { // strings only
				s.values = append(s.values, "--set-json", key+".labels="+string(text))
			}
		}
	}
}

// query returns a function that queries Prometheus through the API server.
func (p *preflight) query(service string) func(context.Context, string) (float64, error) {
	return func(ctx context.Context, expr string) (float64, error) {
		var response queryResponse
		if err := p.client().Get(ctx, service+"/api/v1/query?query="+url.QueryEscape(expr), &response); err != nil {
			return 0, err
		}
		return response.value(expr)
	}
}

// customMetricsFree requires that no adapter is registered, since the run installs one.
func (p *preflight) customMetricsFree(ctx context.Context) (string, error) {
	var api struct {
		Spec struct {
			Service struct{ Namespace, Name string }
		}
	}
	err := p.client().Get(ctx, "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.custom.metrics.k8s.io", &api)
	switch {
	case kube.IsNotFound(err):
		return "free; the run registers its own prometheus-adapter and removes it", nil
	case err != nil:
		return "", err
	}
	return "", fmt.Errorf("served by %s/%s, which this run must not replace: use another cluster", api.Spec.Service.Namespace, api.Spec.Service.Name)
}

// prepare creates the namespace and requires that its pods can run the image.
func (p *preflight) prepare(ctx context.Context) error {
	s := p.scenario
	if err := s.ensureNamespace(ctx, ownSpace); err != nil {
		return err
	}
	if len(p.labels) > 0 {
		if err := p.client().Merge(ctx, "/api/v1/namespaces/"+ownSpace, object{"metadata": object{"labels": p.labels}}); err != nil {
			return err
		}
	}
	const pods = "/api/v1/namespaces/" + ownSpace + "/pods"
	err := p.client().Create(ctx, pods, object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "image"},
		"spec": object{
			"restartPolicy": "Never", "automountServiceAccountToken": false,
			"containers": []object{{"name": "version", "image": p.options.Image, "imagePullPolicy": "IfNotPresent", "args": []string{"--version"}}},
		},
	}, nil)
	if err != nil {
		return err
	}
	return process.Await(ctx, 2*time.Minute, func(ctx context.Context) error {
		var pod struct{ Status podStatus }
		if err := p.client().Get(ctx, pods+"/image", &pod); err != nil {
			return err
		}
		return imageState(&pod.Status, p.options.Image)
	})
}

// imageState returns an error unless the image ran, permanent if it cannot be pulled.
func imageState(status *podStatus, image string) error {
	why := strings.Join(status.waiting(), "; ")
	switch {
	case status.Phase == "Succeeded":
		return nil
	case status.Phase == "Failed", strings.Contains(why, "ImagePullBackOff"), strings.Contains(why, "ErrImageNeverPull"), strings.Contains(why, "InvalidImageName"):
		return process.Permanent(fmt.Errorf("the nodes cannot run %s (%s): push it to a registry that they can pull from and set E2E_IMAGE,"+
			" or load it, as with kind load docker-image %s", image, why, image))
	}
	return fmt.Errorf("pod image is %s: %s", status.Phase, why)
}

// labelSelector is a label selector.
type labelSelector struct {
	MatchLabels      map[string]string
	MatchExpressions []struct {
		Key, Operator string
		Values        []string
	}
}

// labels returns labels that the selector selects. Nil selects nothing or, for
// namespaces, the own one.
func (l *labelSelector) labels() (map[string]string, error) {
	labels := map[string]string{}
	if l == nil {
		return labels, nil
	}
	maps.Copy(labels, l.MatchLabels)
	for _, e := range l.MatchExpressions {
		switch {
		case e.Operator == "In" && len(e.Values) > 0:
			labels[e.Key] = e.Values[0]
		case e.Operator == "Exists":
			labels[e.Key] = "e2e"
		default:
			return nil, fmt.Errorf("selector with %s %s %v is not supported", e.Key, e.Operator, e.Values)
		}
	}
	return labels, nil
}

// joined prints labels.
func joined(labels map[string]string) string {
	if len(labels) == 0 {
		return "any"
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, key+"="+labels[key])
	}
	return strings.Join(all, ",")
}
