package plan

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/snippet"
)

// scraper is the Prometheus that scrapes the pods.
type scraper struct {
	all          []cluster.PrometheusObject
	chosen       *cluster.PrometheusObject // nil without prometheus-operator
	why          string                    // it is the chosen one of several
	service      *cluster.ServiceAddress   // of a Prometheus without prometheus-operator
	byAnnotation bool
	interval     time.Duration
}

func (c *scraper) exists() bool { return c.chosen != nil || c.service != nil }

// address is its URL within the cluster.
func (c *scraper) address() string {
	if c.chosen == nil {
		return c.service.String()
	}
	scheme := "http"
	if len(c.chosen.Spec.Web.TLSConfig) > 0 {
		scheme = "https"
	}
	return cluster.ServiceAddress{
		Scheme: scheme, Name: "prometheus-operated", Namespace: c.chosen.Metadata.Namespace, Port: "9090",
		Path: strings.TrimSuffix(c.chosen.Spec.RoutePrefix, "/"),
	}.String()
}

func (c *scraper) fact() string {
	switch {
	case c.service != nil:
		return c.service.Namespace + "/" + c.service.Name + ", without prometheus-operator"
	case c.chosen == nil:
		return "none"
	}
	text := fmt.Sprintf("%s/%s, scrapes each %s, selects monitors with %s", c.chosen.Metadata.Namespace, c.chosen.Metadata.Name,
		cmp.Or(c.chosen.Spec.ScrapeInterval, "30s"), cmp.Or(c.chosen.Spec.PodMonitorSelector.String(), "any labels"))
	if len(c.all) > 1 {
		text += fmt.Sprintf("; the one of %d that %s", len(c.all), c.why)
	}
	return text
}

// observeScraper finds the Prometheus, and prefers the one that the adapter uses.
func (s *site) observeScraper() {
	const interval = 15 * time.Second
	c := &s.scraper
	c.interval = interval
	c.all = s.PrometheusObjects.Value()
	slices.SortStableFunc(c.all, func(a, b cluster.PrometheusObject) int {
		return strings.Compare(a.Metadata.Namespace+a.Metadata.Name, b.Metadata.Namespace+b.Metadata.Name)
	})
	if len(c.all) == 0 {
		if services := s.PrometheusServices.Value().Addresses; len(services) > 0 {
			c.service, c.byAnnotation = &services[0], true
		}
		return
	}
	c.chosen, c.why = &c.all[0], "comes first by name"
	labels, _ := s.NamespaceLabels(s.namespace)
	uses := s.Adapter.Value().PrometheusURL()
	address, known := cluster.ParseService(uses, s.Adapter.Value().Namespace)
	for i := range c.all {
		p := &c.all[i]
		if known && address.Namespace == p.Metadata.Namespace {
			c.chosen, c.why = p, "the adapter queries"
			return
		}
	}
	for i := range c.all {
		p := &c.all[i]
		if namespaces := p.Spec.PodMonitorNamespaceSelector; p.Spec.PodMonitorSelector != nil && namespaces != nil && namespaces.Matches(labels) {
			c.chosen, c.why = p, "selects monitors of namespace "+s.namespace
			return
		}
	}
}

// monitorSteps make Prometheus scrape the exporters.
func (s *site) monitorSteps(p *Plan) error {
	c := &s.scraper
	s.fitInterval()
	if c.byAnnotation {
		p.add(Step{
			Action: Manual, Object: Object{"v1", "Service", c.service.Namespace, c.service.Name},
			Reason: "Prometheus needs a scrape job for annotated pods, since there is no prometheus-operator: the pods get the annotations prometheus.io/scrape and prometheus.io/port",
			Do:     []string{"https://github.com/prometheus/prometheus/blob/main/documentation/examples/prometheus-kubernetes.yml   # job kubernetes-pods"},
		})
		return nil
	}
	if m := s.existingMonitor(); m != nil {
		kind := cluster.Reference{APIVersion: monitoringAPI, Kind: m.Kind, Name: m.Metadata.Name}
		p.add(Step{Action: Keep, Object: Object{kind.APIVersion, kind.Kind, m.Metadata.Namespace, kind.Name}, Reason: "it makes Prometheus scrape the exporters already"})
		return nil
	}
	data := s.data()
	labels, namespace, problem := s.monitorPlace()
	if problem != "" {
		p.add(Step{
			Action: Manual, blocks: true, Object: Object{monitoringAPI, "Prometheus", c.chosen.Metadata.Namespace, c.chosen.Metadata.Name}, Reason: problem,
			Do: []string{fmt.Sprintf(`kubectl -n %s patch prometheus %s --type=merge -p '{"spec":{"podMonitorSelector":{}}}'   # or as its owner does it`, c.chosen.Metadata.Namespace, c.chosen.Metadata.Name)},
		})
		return nil
	}
	data.MonitorLabels, data.MonitorNamespace = labels, namespace
	reason := fmt.Sprintf("Prometheus %s/%s scrapes the exporters each %s", c.chosen.Metadata.Namespace, c.chosen.Metadata.Name, c.interval)
	if len(labels) > 0 {
		reason += "; it selects monitors with " + cluster.FormatLabels(labels)
	}
	return s.addTemplated(p, "podmonitor.yaml", reason, data)
}

// fitInterval makes the scrape interval short enough for the window of a rule that exists,
// and for the adapter, which forgets series without a new sample.
func (s *site) fitInterval() {
	if a := s.Adapter.Value(); a.Deployment != nil {
		s.scraper.interval = min(s.scraper.interval, (a.MaxAge() / 2).Truncate(time.Second))
	}
	if window := s.metrics.ruleWindow; window > 0 {
		const scrapes = 4
		s.scraper.interval = min(s.scraper.interval, (window / scrapes).Truncate(time.Second))
	}
	s.scraper.interval = max(s.scraper.interval, time.Second)
}

// existingMonitor is a monitor of others for the exporter; nil if there is none.
func (s *site) existingMonitor() *cluster.Monitor {
	if s.exporter.present == "" {
		return nil // nothing exposes metrics of nginx yet
	}
	all := s.Monitors.Value().All
	labels := s.workload.Spec.Template.Metadata.Labels
	i := slices.IndexFunc(all, func(m cluster.Monitor) bool {
		n := &m.Spec.NamespaceSelector
		here := n.Any || slices.Contains(n.MatchNames, s.namespace) || len(n.MatchNames) == 0 && m.Metadata.Namespace == s.namespace
		if isOurs(&m.Metadata) || !here {
			return false
		}
		if m.Kind == cluster.PodMonitor {
			return m.Spec.Selector.Matches(labels)
		}
		return slices.ContainsFunc(s.Monitors.Value().Services, func(service cluster.Service) bool {
			return len(service.Spec.Selector) > 0 && cluster.LabelsMatch(service.Spec.Selector, labels) && m.Spec.Selector.Matches(service.Metadata.Labels)
		})
	})
	if i < 0 {
		return nil
	}
	return &all[i]
}

// monitorPlace is where the PodMonitor has to be and which labels it needs, for the chosen
// Prometheus to select it; or why that is not possible.
func (s *site) monitorPlace() (labels map[string]string, namespace, problem string) {
	spec := &s.scraper.chosen.Spec
	if spec.PodMonitorSelector == nil {
		return nil, "", "podMonitorSelector is not set, so that it selects no PodMonitors: its owner has to set it"
	}
	labels = map[string]string{}
	maps.Copy(labels, spec.PodMonitorSelector.MatchLabels)
	for _, r := range spec.PodMonitorSelector.MatchExpressions {
		switch {
		case r.Operator == "In" && len(r.Values) > 0:
			labels[r.Key] = r.Values[0]
		case r.Operator == "Exists":
			labels[r.Key] = "true"
		}
	}
	namespace = s.namespace
	own := s.scraper.chosen.Metadata.Namespace
	selector := spec.PodMonitorNamespaceSelector
	here, _ := s.NamespaceLabels(s.namespace)
	if selector == nil && own != s.namespace || selector != nil && !selector.Matches(here) {
		namespace = own
		if there, _ := s.NamespaceLabels(own); selector != nil && !selector.Matches(there) {
			return nil, "", "podMonitorNamespaceSelector selects neither namespace " + s.namespace + " nor its own: its owner has to label one with " + selector.String()
		}
	}
	return labels, namespace, ""
}

// query is the query of KEDA for the requests per second of all pods.
func (s *site) query() (string, error) {
	kind := strings.ToLower(s.Ref.Kind)
	if kind == "rollout" {
		kind = "deployment" // its pods have names of the same form
	}
	text, err := snippet.Text("keda", map[string][]string{
		"workload": {kind + "/" + s.Ref.Name}, "namespace": {s.namespace}, "scrape-interval": {s.scraper.interval.String()},
	})
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^ +query: '(.*)'$`).FindStringSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("the query for %s is malformed", s.target())
	}
	return strings.ReplaceAll(found[1], "''", "'"), nil
}
