package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"nginx-exporter/e2e/fault"
	"nginx-exporter/e2e/kube"
	"nginx-exporter/e2e/node"
	"nginx-exporter/e2e/process"
)

const (
	// orders is the namespace of another team.
	orders     = "orders"
	queuePort  = 9200
	ordersHPA  = "/apis/autoscaling/v2/namespaces/" + orders + "/horizontalpodautoscalers/checkout"
	checkout   = "/apis/apps/v1/namespaces/" + orders + "/deployments/checkout"
	waitingFor = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/" + orders + "/pods/queue-0/orders_waiting"
	// perPod is the target of that HPA.
	perPod = 10
)

// foreign is the workload of another team: a queue, and a Deployment that scales on its
// length. It must keep scaling whatever happens to the adapter.
type foreign struct {
	scenario *Scenario
	pending  atomic.Int64
	pods     int

	mu sync.Mutex
	// reads counts requests for the metric, gaps those without a value; lost is set if
	// the adapter no longer knew it.
	reads, gaps int
	lost        error
}

// startForeign starts the workload. The queue is this process.
func (s *Scenario) startForeign(ctx context.Context) (f *foreign, stop func(), err error) {
	f = &foreign{scenario: s, pods: 1}
	f.pending.Store(1)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(node.Address, strconv.Itoa(queuePort)))
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, "# TYPE orders_pending gauge\norders_pending %d\n", f.pending.Load())
	})}
	go server.Serve(listener) //nolint:errcheck // closed at the end
	stop = func() { _ = server.Close() }
	if err := f.create(ctx); err != nil {
		stop()
		return nil, nil, err
	}
	return f, stop, nil
}

// create creates the pod of the queue and the manifests of the team.
func (f *foreign) create(ctx context.Context) error {
	s := f.scenario
	if err := s.labelNamespace(ctx, orders); err != nil {
		return err
	}
	queue := kube.ExternalPod{
		Namespace: orders, Name: "queue-0", Service: "queue", PortName: "metrics", Address: node.Address, Port: queuePort,
	}
	if err := s.cluster.Client.Create(ctx, queue.Pods(), queue.Pod(), nil); err != nil {
		return err
	}
	if err := queue.Ready(ctx, s.cluster.Client); err != nil {
		return err
	}
	_, err := s.cluster.Kubectl(ctx, "", "create", "--namespace", orders, "--validate=strict", "-f", s.file("e2e", "manifests", "stack", "orders.yaml"))
	return err
}

// watch requests the metric as the HPA does until the context ends.
func (f *foreign) watch(ctx context.Context) {
	client := f.scenario.cluster.Client.As(fault.HPAUser)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := client.Get(ctx, waitingFor, nil)
		if ctx.Err() != nil {
			return
		}
		f.mu.Lock()
		f.reads++
		if err != nil {
			f.gaps++
		}
		// A rule that is gone, unlike an adapter that restarts.
		if kube.IsNotFound(err) && f.lost == nil {
			f.lost = err
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// scales changes the queue and waits until the Deployment has as many pods as it needs.
func (f *foreign) scales(ctx context.Context, when string) error {
	f.pods = 5 - f.pods // 4, 1, 4, ...
	f.pending.Store(int64(f.pods*perPod - 1))
	began := time.Now()
	err := f.scenario.await(ctx, 90*time.Second, func(ctx context.Context) error {
		var d struct {
			Status struct{ Replicas, ReadyReplicas int }
		}
		if err := f.scenario.cluster.Client.Get(ctx, checkout, &d); err != nil {
			return err
		}
		if d.Status.Replicas != f.pods || d.Status.ReadyReplicas != f.pods {
			return errors.Join(fmt.Errorf("%+v, not %d pods", d.Status, f.pods), f.hpa(ctx))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s, the HPA of the other team does not scale: %w", when, err)
	}
	f.scenario.printf("   %-34s the other team has %d pods after %.0f s", when, f.pods, time.Since(began).Seconds())
	return f.check()
}

// hpa has the conditions of the HPA that are false.
func (f *foreign) hpa(ctx context.Context) error {
	var h struct {
		Status struct {
			Conditions []struct{ Type, Status, Reason, Message string }
		}
	}
	if err := f.scenario.cluster.Client.Get(ctx, ordersHPA, &h); err != nil {
		return err
	}
	for _, c := range h.Status.Conditions {
		if c.Type != "ScalingLimited" && c.Status == "False" {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
	}
	return nil
}

// check returns an error if the adapter lost the metric at any time.
func (f *foreign) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost != nil {
		return process.Permanent(fmt.Errorf("the adapter lost the metric of the other team: %w", f.lost))
	}
	return nil
}

// summary prints how often the metric had no value.
func (f *foreign) summary() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scenario.printf("   the metric of the other team was read %d times, %d times without a value while the adapter restarted", f.reads, f.gaps)
}
