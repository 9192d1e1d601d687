package cluster

import (
	"net/url"
	"strings"
)

// API groups of metrics, and the path of APIServices.
const (
	CustomMetrics   = "custom.metrics.k8s.io"
	ExternalMetrics = "external.metrics.k8s.io"

	apiServices = "/apis/apiregistration.k8s.io/v1/apiservices/"
)

// HPAController is the user name of the HPA controller. An administrator may get
// responses that the controller does not get.
const HPAController = accountPrefix + "kube-system:horizontal-pod-autoscaler"

// Anonymous is the user for whom a server behind the API server takes all requests if it
// does not trust the certificate with which the API server forwards them.
const Anonymous = "system:anonymous"

// HasOwnMetrics reports whether a Service behind a metrics API belongs to a product
// that does not serve metrics of Prometheus.
func HasOwnMetrics(service string) bool {
	for _, other := range []string{"keda", "datadog", "stackdriver", "newrelic", "azure", "cloudwatch"} {
		if strings.Contains(service, other) {
			return true
		}
	}
	return false
}

// apiService reads the APIService of a group, in the first version that is registered for a
// Service; nil if none is.
func (o *Observation) apiService(group string, versions ...string) (*APIService, error) {
	for _, version := range versions {
		api, err := read[APIService](o, apiServices+version+"."+group)
		if isUnknown(err) {
			return nil, err
		}
		if api.Spec.Service.Name != "" {
			return &api, nil
		}
	}
	return nil, nil
}

// customPath is the path of the custom metrics API, in the registered version.
func (o *Observation) customPath() string {
	version := "v1beta1"
	if api := o.CustomAPI.Value(); api != nil {
		version, _, _ = strings.Cut(api.Metadata.Name, ".")
	}
	return "/apis/" + CustomMetrics + "/" + version
}

// readMetrics lists the custom metrics. This is also how to tell whether the API
// responds: the status of the APIService lags behind by minutes.
func (o *Observation) readMetrics() ([]string, error) {
	known, err := read[resources](o, o.customPath())
	var names []string
	for _, r := range known.Resources {
		names = append(names, r.Name)
	}
	return names, err
}

// ExternalAPIErr requests the list of external metrics: nil if the API responds.
func (o *Observation) ExternalAPIErr() error {
	_, err := read[resources](o, "/apis/"+ExternalMetrics+"/v1beta1")
	return err
}

// Values are the values of the HPA's metric.
type Values struct {
	Items   []string // quantities
	Objects []string // the names of the pods, or of the object, in the order of Items
	// Denied is why the user may not impersonate the HPA controller, so that the
	// request was sent as the user.
	Denied error
}

func (o *Observation) readValues() (values Values, err error) {
	values, err = o.valuesAs(HPAController)
	if ReasonOf(err) == Forbidden && strings.Contains(err.Error(), "cannot impersonate") {
		denied := err
		values, err = o.valuesAs("")
		values.Denied = denied
	}
	return values, err
}

func (o *Observation) valuesAs(user string) (values Values, err error) {
	var v list[struct {
		Value           string
		DescribedObject Reference
	}]
	err = o.kubectl.get(o.ctx, user, o.valuePath(), &v)
	for _, item := range v.Items {
		values.Items = append(values.Items, item.Value)
		values.Objects = append(values.Objects, item.DescribedObject.Name)
	}
	return values, err
}

// RereadValues requests the values again, as the same user.
func (o *Observation) RereadValues() ([]string, error) {
	user := HPAController
	if o.Values.Value().Denied != nil {
		user = ""
	}
	o.kubectl.forget(user, o.valuePath())
	values, err := o.valuesAs(user)
	return values.Items, err
}

// valuePath is the path that the HPA controller requests.
func (o *Observation) valuePath() string {
	m := o.Metric()
	namespace, name := "/namespaces/"+o.Namespace.Value()+"/", url.PathEscape(m.Name)
	query := url.Values{}
	object := "pods/*"
	switch m.Type {
	case ExternalMetric:
		return "/apis/" + ExternalMetrics + "/v1beta1" + namespace + name + selectorQuery(m.Selector.String())
	case ObjectMetric:
		object = m.Resource() + "/" + url.PathEscape(m.Object.Name)
		if m.Resource() == "namespaces" {
			object = "metrics"
		}
	default:
		query.Set("labelSelector", o.PodSelector())
	}
	if text := m.Selector.String(); text != "" {
		query.Set("metricLabelSelector", text)
	}
	path := o.customPath() + namespace + object + "/" + name
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}
