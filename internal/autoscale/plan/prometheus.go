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
	all         []cluster.PrometheusObject
	chosen      *cluster.PrometheusObject // nil without prometheus-operator
	why         string                    // it is the chosen one of several
	serviceName string                    // of the chosen one, unless its namespace has only one
	service     *cluster.ServiceAddress   // of a Prometheus without prometheus-operator, which scrapes annotated pods
	interval    time.Duration
}

func (c *scraper) exists() bool { return c.chosen != nil || c.service != nil }

// address is its URL within the cluster.
func (c *scraper) address() string {
	if c.chosen == nil {
		return c.service.String()
	}
	return c.chosen.At(cmp.Or(c.serviceName, cluster.OperatedService)).String()
}

func (c *scraper) fact() string {
	switch {
	case c.service != nil:
		return c.service.Namespace + "/" + c.service.Name + ", without prometheus-operator"
	case c.chosen == nil:
		return "none"
	}
	text := fmt.Sprintf("%s/%s, scrapes every %s, selects monitors with %s", c.chosen.Metadata.Namespace, c.chosen.Metadata.Name,
		cmp.Or(c.chosen.Spec.ScrapeInterval, "30s"), cmp.Or(c.chosen.Spec.PodMonitorSelector.String(), "any labels"))
	if len(c.all) > 1 {
		others := slices.DeleteFunc(c.names(), func(name string) bool {
			return name == c.chosen.Metadata.Namespace+"/"+c.chosen.Metadata.Name
		})
		text += fmt.Sprintf("; the one of %d that %s; --prometheus=%s chooses another", len(c.all), c.why, strings.Join(others, " or "))
	}
	return text
}

// observeScraper finds the Prometheus, and its Service.
func (s *site) observeScraper() error {
	if err := s.chooseScraper(); err != nil {
		return err
	}
	c := &s.scraper
	if c.chosen == nil || !c.sharesNamespace(c.chosen) {
		return nil
	}
	// OperatedService leads to all of the namespace.
	namespace := c.chosen.Metadata.Namespace
	var services struct{ Items []cluster.Service }
	if err := s.Read("/api/v1/namespaces/"+namespace+"/services", &services); err != nil {
		return err
	}
	i := slices.IndexFunc(services.Items, func(service cluster.Service) bool { return selectsOnly(&service, c.chosen) })
	if i < 0 {
		return invalid("no Service leads to Prometheus %s/%s alone, of those in its namespace: add one with the selector prometheus: %s", namespace, c.chosen.Metadata.Name, c.chosen.Metadata.Name)
	}
	c.serviceName = services.Items[i].Metadata.Name
	return nil
}

// chooseScraper finds the Prometheus: the requested one, or else the one that our
// ScaledObject or the adapter queries.
func (s *site) chooseScraper() error {
	const interval = 15 * time.Second
	c := &s.scraper
	c.interval = interval
	c.all = s.PrometheusObjects.Value()
	slices.SortStableFunc(c.all, func(a, b cluster.PrometheusObject) int {
		return cmp.Or(strings.Compare(a.Metadata.Namespace, b.Metadata.Namespace), strings.Compare(a.Metadata.Name, b.Metadata.Name))
	})
	if s.PrometheusName != "" {
		return s.requestedScraper()
	}
	if len(c.all) == 0 {
		if services := s.PrometheusServices.Value().Addresses; len(services) > 0 {
			c.service = &services[0]
		}
		return nil
	}
	c.chosen, c.why = &c.all[0], "comes first by name"
	adapter := s.Adapter.Value()
	labels, _ := s.NamespaceLabels(s.namespace)
	selects := func(p *cluster.PrometheusObject) bool {
		namespaces := p.Spec.PodMonitorNamespaceSelector
		return p.Spec.PodMonitorSelector != nil && namespaces != nil && namespaces.Matches(labels)
	}
	for _, rule := range []struct {
		why  string
		fits func(*cluster.PrometheusObject) bool
	}{
		{"our ScaledObject queries", func(p *cluster.PrometheusObject) bool { return s.isAt(p, s.ownTrigger(), s.namespace) }},
		{"the adapter queries", func(p *cluster.PrometheusObject) bool {
			return s.isAt(p, adapter.PrometheusURL(), adapter.Namespace)
		}},
		{"selects monitors of namespace " + s.namespace, selects},
	} {
		for _, p := range c.all {
			if rule.fits(&p) {
				c.chosen, c.why = &p, rule.why
				return nil
			}
		}
	}
	return nil
}

// requestedScraper finds the Prometheus of --prometheus: an object, or else a Service.
func (s *site) requestedScraper() error {
	c := &s.scraper
	for _, p := range c.all {
		if s.PrometheusName == p.Metadata.Namespace+"/"+p.Metadata.Name {
			c.chosen, c.why = &p, "was chosen with --prometheus"
			return nil
		}
	}
	for _, service := range s.PrometheusServices.Value().Addresses {
		if s.PrometheusName == service.Namespace+"/"+service.Name {
			c.service = &service
			return nil
		}
	}
	there := "none"
	if names := c.names(); len(names) > 0 {
		there = strings.Join(names, ", ")
	}
	return invalid("--prometheus=%s is not a Prometheus of this cluster, which has: %s", s.PrometheusName, there)
}

// names are the Prometheus objects as NAMESPACE/NAME.
func (c *scraper) names() (names []string) {
	for _, p := range c.all {
		names = append(names, p.Metadata.Namespace+"/"+p.Metadata.Name)
	}
	return names
}

// isAt reports whether a URL leads to a Prometheus. Of several in its namespace, it is the
// one that the Service selects by the labels of prometheus-operator.
func (s *site) isAt(p *cluster.PrometheusObject, address, namespace string) bool {
	at, known := cluster.ParseService(address, namespace)
	if !known || at.Namespace != p.Metadata.Namespace {
		return false
	}
	if !s.scraper.sharesNamespace(p) {
		return true
	}
	service, err := s.Service(at.Namespace, at.Name)
	return err == nil && selectsOnly(&service, p)
}

// sharesNamespace reports whether there is another Prometheus in the namespace of one.
func (c *scraper) sharesNamespace(p *cluster.PrometheusObject) bool {
	return slices.ContainsFunc(c.all, func(other cluster.PrometheusObject) bool {
		return other.Metadata.Namespace == p.Metadata.Namespace && other.Metadata.Name != p.Metadata.Name
	})
}

// selectsOnly reports whether a Service selects the pods of one Prometheus object. See
// https://github.com/prometheus-operator/prometheus-operator/blob/main/pkg/prometheus/common.go.
func selectsOnly(service *cluster.Service, p *cluster.PrometheusObject) bool {
	for _, label := range []string{"prometheus", "operator.prometheus.io/name", "app.kubernetes.io/instance"} {
		if service.Spec.Selector[label] == p.Metadata.Name {
			return true
		}
	}
	return false
}

// ownTrigger is the URL of Prometheus in our ScaledObject; empty if there is none.
func (s *site) ownTrigger() string {
	scaled := s.Scaler.Value().ScaledObject
	if scaled == nil || !isOurs(&scaled.Metadata) {
		return ""
	}
	if t := scaled.Trigger("prometheus"); t != nil {
		return t.Metadata["serverAddress"]
	}
	return ""
}

// monitorSteps make Prometheus scrape the exporters.
func (s *site) monitorSteps(p *Plan) error {
	c := &s.scraper
	s.fitInterval()
	if c.service != nil {
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
	reason := fmt.Sprintf("Prometheus %s/%s scrapes the exporters every %s", c.chosen.Metadata.Namespace, c.chosen.Metadata.Name, c.interval)
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
		if isOurs(&m.Metadata) || !m.SelectsNamespace(s.namespace) {
			return false
		}
		if m.Kind == cluster.PodMonitor {
			return m.Spec.Selector.Matches(labels)
		}
		return slices.ContainsFunc(s.Monitors.Value().Services, func(service cluster.Service) bool {
			return service.Selects(labels) && m.Spec.Selector.Matches(service.Metadata.Labels)
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

// podsKind is a built-in kind whose pods have names of the same form as those of the workload.
func (s *site) podsKind() string {
	if s.Ref.Kind == "Rollout" {
		return "Deployment"
	}
	return s.Ref.Kind
}

// query is the query of KEDA for the requests per second of all pods.
func (s *site) query() (string, error) {
	text, err := snippet.Text("keda", map[string][]string{
		"workload": {strings.ToLower(s.podsKind()) + "/" + s.Ref.Name}, "namespace": {s.namespace}, "scrape-interval": {s.scraper.interval.String()},
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
