package story

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
	// monitoring is the namespace of the Prometheus object, rulesFolder where its
	// pods would have the rules.
	monitoring  = "monitoring"
	rulesFolder = "/etc/prometheus/rules/prometheus-e2e-rulefiles-0"
	// monitorName is the chart's PodMonitor, againName the copy of it.
	monitorName = release + "-nginx-exporter"
	againName   = monitorName + "-again"
	monitors    = "/apis/monitoring.coreos.com/v1/namespaces/" + shop + "/podmonitors"
)

// operate starts prometheus-operator with a Prometheus object for all
// monitors and rules of the cluster. Its pods are not started: there is no
// controller for StatefulSets. What the operator writes for them is used.
func (s *Story) operate(ctx context.Context) error {
	if err := s.ensure(ctx, monitoring); err != nil {
		return err
	}
	ca, cert, key, err := s.cluster.User("prometheus-operator", "system:masters")
	if err != nil {
		return err
	}
	s.operator = &operator{cluster: s.cluster, args: []string{
		"--apiserver=https://" + s.cluster.Address + ":6443",
		"--ca-file=" + ca, "--cert-file=" + cert, "--key-file=" + key, "--web.listen-address=" + fault.Operator,
	}}
	if err := s.operator.Start(); err != nil {
		return err
	}
	return s.instance(ctx)
}

// operator is the process of prometheus-operator, which can be stopped and started
// again.
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

// Stop ends it.
func (o *operator) Stop() { o.now.Stop() }

// instance creates the Prometheus object, and the rights to find pods.
func (s *Story) instance(ctx context.Context) error {
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
	return s.outside(ctx)
}

// outside has the API server lead from the operator's Service to the process that
// stands for the pods of the Prometheus object.
func (s *Story) outside(ctx context.Context) error {
	o := kube.Outside{
		Namespace: monitoring, Name: "prometheus-e2e-0", Service: "prometheus-operated", PortName: "web",
		Address: node.Address, Port: prometheusPort,
	}
	// A pod needs an account, which a controller makes.
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

// again creates a copy of the chart's PodMonitor.
func (s *Story) again(ctx context.Context) error {
	var found struct{ Spec json.RawMessage }
	if err := s.cluster.Client.Get(ctx, monitors+"/"+monitorName, &found); err != nil {
		return err
	}
	return s.cluster.Client.Create(ctx, monitors, object{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
		"metadata": object{"name": againName}, "spec": found.Spec,
	}, nil)
}

// once removes that copy.
func (s *Story) once(ctx context.Context) error {
	_, err := s.cluster.Kubectl(ctx, "", "delete", "podmonitor", "--namespace", shop, "--ignore-not-found", againName)
	return err
}

func (s *Story) scrapeFile() string { return filepath.Join(s.tools.Folder, "prometheus.yml") }

// configure waits until the operator has written a job for the PodMonitor, and
// writes the same where Prometheus reads it.
func (s *Story) configure(ctx context.Context, name string) error {
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		config, err := s.configuration(ctx)
		if err != nil {
			return err
		}
		if job := "job_name: podMonitor/" + shop + "/" + name + "/0\n"; !strings.Contains(config, job) {
			return errors.New("the operator's configuration has no " + job)
		}
		return os.WriteFile(s.scrapeFile(), []byte(config), 0o600)
	})
}

// reload stands in for the reloader in the pods of the operator: what the
// operator writes anew, Prometheus reads anew.
func (s *Story) reload(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	said := ""
	for {
		now := ""
		if err := s.refresh(ctx); err != nil {
			now = err.Error()
		}
		if now != said && now != "" && ctx.Err() == nil {
			s.say("   Prometheus' configuration: %s", now)
		}
		said = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// refresh writes the configuration if it changed.
func (s *Story) refresh(ctx context.Context) error {
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

// configuration is what the operator wrote, with what the reloader in the pods of
// the operator puts in for its variables.
func (s *Story) configuration(ctx context.Context) (string, error) {
	config, err := s.written(ctx)
	if err != nil {
		return "", err
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(rulesFolder, rules, "$(SHARD)", "0", "$(POD_NAME)", "prometheus-e2e-0").Replace(config), nil
}

// written is the configuration in the operator's Secret.
func (s *Story) written(ctx context.Context) (string, error) {
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

// rules writes what the operator made of PrometheusRules into a folder.
func (s *Story) rules(ctx context.Context) (string, error) {
	var found struct{ Data map[string]string }
	if err := s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+monitoring+"/configmaps/prometheus-e2e-rulefiles-0", &found); err != nil {
		return "", err
	}
	if len(found.Data) == 0 {
		return "", errors.New("the operator has no rules of the chart")
	}
	folder := filepath.Join(s.tools.Folder, "rules")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	for name, text := range found.Data {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}
