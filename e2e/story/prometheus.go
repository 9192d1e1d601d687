package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/e2e/node"
)

// prometheusPort is where Prometheus listens, and where shop.values.yaml says
// that it is.
const prometheusPort = "9090"

// podMonitor is all of a PodMonitor that is translated here. Another field is
// an error, so that nothing of the chart is left out in silence.
type podMonitor struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	PodMetricsEndpoints []struct {
		PortNumber int    `json:"portNumber"`
		Path       string `json:"path"`
		Interval   string `json:"interval"`
	} `json:"podMetricsEndpoints"`
}

// prometheus starts Prometheus with the scrape configuration that
// prometheus-operator would make of the PodMonitor, with the rights that it
// needs and no more, and waits for the first sample.
func (s *Story) prometheus(ctx context.Context) error {
	if err := s.rights(ctx); err != nil {
		return err
	}
	if err := s.scrapeConfig(ctx, ""); err != nil {
		return err
	}
	server, err := s.cluster.Run("prometheus", "--config.file="+s.scrapeFile(), "--web.listen-address="+net.JoinHostPort(node.Address, prometheusPort),
		"--storage.tsdb.path="+filepath.Join(s.tools.Folder, "prometheus"), "--log.level=warn")
	if err != nil {
		return err
	}
	s.scraper = server
	return server.Await(ctx, 2*time.Minute, func(ctx context.Context) error {
		value, err := s.query(ctx, `sum(nginx_up{namespace="shop"})`)
		if err == nil && value < 1 {
			err = fmt.Errorf("nginx_up is %v", value)
		}
		return err
	})
}

// twice scrapes each pod a second time, by a job of another name, as a monitor
// too many would, until Prometheus counts everything twice.
func (s *Story) twice(ctx context.Context) error {
	const all = `sum(rate(nginx_http_requests_total{namespace="shop"}[20s]))`
	once, err := s.query(ctx, all)
	if err != nil {
		return err
	}
	if err := s.scrapeConfig(ctx, "", "-again"); err != nil {
		return err
	}
	if err := s.scraper.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	return s.scraper.Await(ctx, time.Minute, func(ctx context.Context) error {
		double, err := s.query(ctx, all)
		if err == nil && double < 1.9*once {
			err = fmt.Errorf("Prometheus has %.1f requests/s in place of two times %.1f", double, once) //nolint:staticcheck // a name
		}
		return err
	})
}

func (s *Story) scrapeFile() string { return filepath.Join(s.tools.Folder, "prometheus.yml") }

// rights are those that Prometheus needs to find pods.
func (s *Story) rights(ctx context.Context) error {
	const role = `{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "prometheus"},
		"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]}`
	if _, err := s.cluster.Kubectl(ctx, role, "create", "-f", "-"); err != nil {
		return err
	}
	_, err := s.cluster.Kubectl(ctx, "", "create", "clusterrolebinding", "prometheus", "--clusterrole=prometheus", "--user=prometheus")
	return err
}

// scrapeConfig reads the PodMonitor from the cluster and writes its jobs, once
// for each suffix of their names.
func (s *Story) scrapeConfig(ctx context.Context, suffixes ...string) error {
	var jobs []object
	for _, suffix := range suffixes {
		some, err := s.jobs(ctx, suffix)
		if err != nil {
			return err
		}
		jobs = append(jobs, some...)
	}
	// JSON is YAML.
	text, err := json.MarshalIndent(object{"global": object{"scrape_interval": "30s"}, "scrape_configs": jobs}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.scrapeFile(), text, 0o600)
}

func (s *Story) jobs(ctx context.Context, suffix string) ([]object, error) {
	const name = release + "-nginx-exporter"
	var found struct{ Spec json.RawMessage }
	path := "/apis/monitoring.coreos.com/v1/namespaces/" + shop + "/podmonitors/" + name
	if err := s.cluster.Client.Get(ctx, path, &found); err != nil {
		return nil, err
	}
	var monitor podMonitor
	decoder := json.NewDecoder(bytes.NewReader(found.Spec))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&monitor); err != nil {
		return nil, fmt.Errorf("PodMonitor: %w", err)
	}
	ca, cert, key, err := s.cluster.User("prometheus")
	if err != nil {
		return nil, err
	}
	discovery := object{
		"role": "pod", "api_server": "https://" + s.cluster.Address + ":6443", "namespaces": object{"names": []string{shop}},
		"tls_config": object{"ca_file": ca, "cert_file": cert, "key_file": key},
	}
	var jobs []object
	for i, endpoint := range monitor.PodMetricsEndpoints {
		jobs = append(jobs, object{
			"job_name":              fmt.Sprintf("podMonitor/%s/%s/%d%s", shop, name, i, suffix),
			"scrape_interval":       endpoint.Interval,
			"metrics_path":          endpoint.Path,
			"kubernetes_sd_configs": []object{discovery},
			"relabel_configs":       relabelings(monitor.Selector.MatchLabels, shop+"/"+name+suffix, strconv.Itoa(endpoint.PortNumber)),
		})
	}
	return jobs, nil
}

// relabelings are those that prometheus-operator writes for a PodMonitor with a
// port number.
func relabelings(labels map[string]string, job, port string) []object {
	const meta = "__meta_kubernetes_"
	all := []object{{"action": "drop", "source_labels": []string{meta + "pod_phase"}, "regex": "(Failed|Succeeded)"}}
	for label, value := range labels {
		label = regexp.MustCompile(`[^a-zA-Z0-9_]`).ReplaceAllString(label, "_")
		all = append(all, object{
			"action":        "keep",
			"source_labels": []string{meta + "pod_label_" + label, meta + "pod_labelpresent_" + label},
			"regex":         "(" + value + ");true",
		})
	}
	return append(
		all,
		object{"action": "keep", "source_labels": []string{meta + "pod_container_port_number"}, "regex": port},
		object{"source_labels": []string{meta + "namespace"}, "target_label": "namespace"},
		object{"source_labels": []string{meta + "pod_container_name"}, "target_label": "container"},
		object{"source_labels": []string{meta + "pod_name"}, "target_label": "pod"},
		object{"target_label": "job", "replacement": job},
	)
}

// query asks Prometheus for one number.
func (s *Story) query(ctx context.Context, expr string) (float64, error) {
	text, err := fetch(ctx, "http://"+net.JoinHostPort(node.Address, prometheusPort)+"/api/v1/query?query="+url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return 0, err
	}
	if len(answer.Data.Result) != 1 {
		return 0, fmt.Errorf("%s: %d results", expr, len(answer.Data.Result))
	}
	value, isText := answer.Data.Result[0].Value[1].(string)
	if !isText {
		return 0, fmt.Errorf("%s: %v", expr, answer)
	}
	return strconv.ParseFloat(value, 64)
}

// up is an error unless the exporter in the pod says that its nginx answers.
func (s *Story) up(ctx context.Context, address string) error {
	page, err := fetch(ctx, "http://"+net.JoinHostPort(address, "9113")+"/metrics")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^nginx_up(\{.*\})? 1$`).MatchString(page) {
		return errors.New("the exporter does not say nginx_up 1")
	}
	return nil
}

// fetch reads a page.
func fetch(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, response.Status, strings.TrimSpace(string(text)))
	}
	return string(text), err
}
