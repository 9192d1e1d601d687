package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
)

const (
	// ownSpace is the only namespace of a run on an existing cluster, ownRelease its
	// release. Objects outside of the namespace have it in a label.
	ownSpace   = "nginx-exporter-e2e"
	ownRelease = "scaling-e2e"
	// cleanupLimit is for deleting everything, after an interrupt as well.
	cleanupLimit = 3 * time.Minute
)

// Existing are the options of a run on an existing cluster.
type Existing struct {
	// Image is that of the exporter; the nodes must have it or pull it.
	Image string
	// Prometheus is the object of prometheus-operator, as NAMESPACE/NAME; optional if
	// there is only one.
	Prometheus string
}

// NewExisting returns a run on a cluster that exists.
func NewExisting(tools Tools, cluster *kube.Cluster, out io.Writer) *Scenario {
	return &Scenario{
		tools: tools, cluster: cluster, namespace: ownSpace, release: ownRelease, out: out, began: time.Now(),
	}
}

// RunExisting checks what the run needs, runs the steps that change nothing outside of
// their namespace but the registration of the adapter, and deletes everything, after an
// error and an interrupt as well.
func (s *Scenario) RunExisting(ctx context.Context, options Existing) (err error) {
	p := &preflight{scenario: s, options: options}
	s.printf("== requirements")
	if err := p.check(ctx); err != nil {
		return err
	}
	defer func() {
		if cleanup := s.cleanup(ctx); cleanup != nil {
			err = errors.Join(err, fmt.Errorf("cleanup: %w; delete namespace %s and the objects with the label app.kubernetes.io/instance=%s by hand",
				cleanup, ownSpace, ownRelease))
		}
	}()
	return s.runSteps(ctx, []step{
		{"", "namespace " + ownSpace + ", image " + options.Image, p.prepare},
		{"", "nginx-exporter inject, kubectl apply, helm install", s.install},
		{"", "Prometheus scrapes the pods", s.awaitScraped},
		{"", "helm test", s.helmTest},
		{"", "scaling up and down", s.scale},
		{"", "doctor hpa", s.doctorFindsNothing},
		{"", "helm uninstall", s.uninstall},
	})
}

// cleanup deletes the release and the namespace and waits until both are gone.
func (s *Scenario) cleanup(ctx context.Context) error {
	s.printf("== cleanup")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	_, uninstallErr := s.helm(ctx, "uninstall", s.release, "--namespace", s.namespace, "--ignore-not-found", "--wait")
	_, deleteErr := s.cluster.Kubectl(ctx, "", "delete", "namespace", s.namespace, "--ignore-not-found", "--wait=true", "--timeout=150s")
	left, err := s.installed(ctx)
	if err == nil && len(left) > 0 {
		err = errors.New("objects left: " + strings.Join(left, " "))
	}
	return errors.Join(uninstallErr, deleteErr, err)
}

// awaitScraped waits until Prometheus has nginx_up of the pod.
func (s *Scenario) awaitScraped(ctx context.Context) error {
	return s.await(ctx, 3*time.Minute, func(ctx context.Context) error {
		up, err := s.query(ctx, `sum(nginx_up{namespace="`+s.namespace+`"})`)
		if err == nil && up < 1 {
			err = fmt.Errorf("nginx_up is %v", up)
		}
		return err
	})
}

// doctorFindsNothing waits until doctor has nothing to report.
func (s *Scenario) doctorFindsNothing(ctx context.Context) error {
	return s.awaitCode(ctx, "")
}

// podProblems lists the containers that wait, and why.
func (s *Scenario) podProblems(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   podStatus
		}
	}
	if err := s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+s.namespace+"/pods", &list); err != nil {
		return err
	}
	var all []error
	for _, pod := range list.Items {
		for _, why := range pod.Status.waiting() {
			all = append(all, fmt.Errorf("pod %s: %s", pod.Metadata.Name, why))
		}
	}
	return errors.Join(all...)
}

// podStatus has what a pod waits for.
type podStatus struct {
	Phase                                    string
	Conditions                               []struct{ Type, Status, Reason, Message string }
	InitContainerStatuses, ContainerStatuses []struct {
		Name  string
		State struct {
			Waiting, Terminated struct{ Reason, Message string }
		}
	}
}

// waiting has a line for each container that does not run, and one if the pod is not
// scheduled.
func (p *podStatus) waiting() []string {
	var all []string
	for _, c := range p.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			all = append(all, c.Reason+": "+c.Message)
		}
	}
	for _, c := range append(p.InitContainerStatuses, p.ContainerStatuses...) {
		for _, state := range []struct{ Reason, Message string }{c.State.Waiting, c.State.Terminated} {
			if state.Reason != "" && state.Reason != "Completed" {
				all = append(all, strings.TrimSpace(c.Name+": "+state.Reason+" "+state.Message))
			}
		}
	}
	return all
}
