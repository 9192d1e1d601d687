package scenario

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nginx-exporter/e2e/fault"
	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

const (
	// monitoring is the namespace of the Prometheus object, rulesDir the directory of
	// rules in its pods.
	monitoring = "monitoring"
	rulesDir   = "/etc/prometheus/rules/prometheus-e2e-rulefiles-0"
	// monitorName is the PodMonitor of the chart, copyName its copy.
	monitorName = release + "-nginx-exporter"
	copyName    = monitorName + "-copy"
	monitors    = "/apis/monitoring.coreos.com/v1/namespaces/" + shop + "/podmonitors"
)

// startOperator starts prometheus-operator with a Prometheus object for all monitors
// and rules of the cluster. The pods of the object are not started, since there is no
// StatefulSet controller, but their configuration is used.
func (s *Scenario) startOperator(ctx context.Context) error {
	if err := s.ensureNamespace(ctx, monitoring); err != nil {
		return err
	}
	ca, cert, key, err := s.cluster.User("prometheus-operator", "system:masters")
	if err != nil {
		return err
	}
	s.operator = &operator{cluster: s.cluster, args: []string{
		"--apiserver=https://" + s.cluster.Address + ":6443",
		"--ca-file=" + ca, "--cert-file=" + cert, "--key-file=" + key, "--web.listen-address=" + fault.OperatorAddress,
	}}
	if err := s.operator.Start(); err != nil {
		return err
	}
	return s.createPrometheus(ctx)
}

// operator is the process of prometheus-operator. It implements
// [fault.PrometheusOperator].
type operator struct {
	cluster *kube.Cluster
	args    []string
	now     *process.Process
}

// Start starts it.
func (o *operator) Start() (err error) {
	o.now, err = o.cluster.Run("prometheus-operator", o.args...)
	return err
}

// Stop stops it.
func (o *operator) Stop() { o.now.Stop() }

// createPrometheus creates the Prometheus object, and the role to discover pods.
func (s *Scenario) createPrometheus(ctx context.Context) error {
	const role = `{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "prometheus"},
		"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]}`
	if _, err := s.cluster.Kubectl(ctx, role, "create", "-f", "-"); err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "create", "clusterrolebinding", "prometheus", "--clusterrole=prometheus", "--user=prometheus"); err != nil {
		return err
	}
	ca, cert, key, err := s.cluster.User("prometheus")
	if err != nil {
		return err
	}
	everything := object{}
	text, err := json.Marshal(object{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
		"metadata": object{"name": "e2e", "namespace": monitoring},
		"spec": object{
			"evaluationInterval": "5s", "serviceAccountName": "default",
			"podMonitorSelector": everything, "podMonitorNamespaceSelector": everything,
			"serviceMonitorSelector": everything, "serviceMonitorNamespaceSelector": everything,
			"ruleSelector": everything, "ruleNamespaceSelector": everything,
			"apiserverConfig": object{
				"host":      "https://" + s.cluster.Address + ":6443",
				"tlsConfig": object{"caFile": ca, "certFile": cert, "keyFile": key},
			},
		},
	})
	if err != nil {
		return err
	}
	if _, err = s.cluster.Kubectl(ctx, string(text), "create", "--validate=strict", "-f", "-"); err != nil {
		return err
	}
	return s.registerPrometheus(ctx)
}

// registerPrometheus makes the API server proxy the Service of the operator to the
// process of Prometheus.
func (s *Scenario) registerPrometheus(ctx context.Context) error {
	o := kube.ExternalPod{
		Namespace: monitoring, Name: "prometheus-e2e-0", Service: "prometheus-operated", PortName: "web",
		Address: node.Address, Port: prometheusPort,
	}
	// A pod needs a service account, which a controller creates.
	err := s.await(ctx, time.Minute, func(ctx context.Context) error {
		return s.cluster.Client.Create(ctx, o.Pods(), o.Pod(), nil)
	})
	if err != nil {
		return err
	}
	if err := o.Ready(ctx, s.cluster.Client); err != nil {
		return err
	}
	return s.cluster.Client.Create(ctx, o.Slices(), o.Slice(), nil)
}

// copyMonitor creates a copy of the PodMonitor of the chart.
func (s *Scenario) copyMonitor(ctx context.Context) error {
	var found struct{ Spec json.RawMessage }
	if err := s.cluster.Client.Get(ctx, monitors+"/"+monitorName, &found); err != nil {
		return err
	}
	return s.cluster.Client.Create(ctx, monitors, object{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
		"metadata": object{"name": copyName}, "spec": found.Spec,
	}, nil)
}

// deleteMonitorCopy deletes that copy.
func (s *Scenario) deleteMonitorCopy(ctx context.Context) error {
	_, err := s.cluster.Kubectl(ctx, "", "delete", "podmonitor", "--namespace", shop, "--ignore-not-found", copyName)
	return err
}

func (s *Scenario) scrapeFile() string { return filepath.Join(s.tools.TempDir, "prometheus.yml") }

// rulesDir has the rule files of the operator; none without the chart.
func (s *Scenario) rulesDir() string { return filepath.Join(s.tools.TempDir, "rules") }

// awaitConfig waits until the operator has written a job for the PodMonitor and rules, and
// writes the configuration for Prometheus.
func (s *Scenario) awaitConfig(ctx context.Context, name string) error {
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		config, err := s.configuration(ctx)
		if err != nil {
			return err
		}
		if job := "job_name: podMonitor/" + shop + "/" + name + "/0\n"; !strings.Contains(config, job) {
			return errors.New("the configuration of the operator has no " + job)
		}
		if files, err := os.ReadDir(s.rulesDir()); err != nil || len(files) == 0 {
			return errors.Join(errors.New("the operator has not written the rules of the chart"), err)
		}
		return os.WriteFile(s.scrapeFile(), []byte(config), 0o600)
	})
}

// reload does what the config reloader in the pods of the operator does.
func (s *Scenario) reload(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	output := ""
	for {
		now := ""
		if err := s.updateConfig(ctx); err != nil {
			now = err.Error()
		}
		if now != output && now != "" && ctx.Err() == nil {
			s.printf("   configuration of Prometheus: %s", now)
		}
		output = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// updateConfig writes the configuration if it changed.
func (s *Scenario) updateConfig(ctx context.Context) error {
	config, err := s.configuration(ctx)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(s.scrapeFile())
	if err != nil || string(before) == config {
		return err
	}
	if err := os.WriteFile(s.scrapeFile(), []byte(config), 0o600); err != nil {
		return err
	}
	return s.scraper.reload()
}

// configuration is that of the operator, with its variables replaced.
func (s *Scenario) configuration(ctx context.Context) (string, error) {
	config, err := s.operatorConfig(ctx)
	if err != nil {
		return "", err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(rulesDir, rules, "$(SHARD)", "0", "$(POD_NAME)", "prometheus-e2e-0").Replace(config), nil
}

// operatorConfig is the configuration in the Secret of the operator.
func (s *Scenario) operatorConfig(ctx context.Context) (string, error) {
	var secret struct{ Data map[string]string }
	if err := s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+monitoring+"/secrets/prometheus-e2e", &secret); err != nil {
		return "", err
	}
	coded := base64.NewDecoder(base64.StdEncoding, strings.NewReader(secret.Data["prometheus.yaml.gz"]))
	packed, err := gzip.NewReader(coded)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(packed, 1<<20))
	return string(text), err
}

// rules writes the rule files of the operator into a directory.
func (s *Scenario) rules(ctx context.Context) (string, error) {
	var found struct{ Data map[string]string }
	if err := s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+monitoring+"/configmaps/prometheus-e2e-rulefiles-0", &found); err != nil {
		return "", err
	}
	dir := s.rulesDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	for name, text := range found.Data {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}
