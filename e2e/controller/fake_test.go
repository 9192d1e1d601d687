package controller_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	autoscalinginformers "k8s.io/client-go/informers/autoscaling/v2"
	coreinformers "k8s.io/client-go/informers/core/v1"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"nginx-exporter/internal/autoscale/simulate"
)

const (
	namespace = "default"
	name      = "web"
	// latency is the time that a sync takes. All of it passes in the request for the
	// scale, as in the simulation.
	latency = time.Millisecond
)

// cluster is what the controller sees and changes.
type cluster interface {
	// begin starts a sync. Status is that of the HPA, as the controller left it.
	begin(now time.Duration, status *autoscalingv2.HorizontalPodAutoscalerStatus) view
	// scale sets the replicas.
	scale(replicas int32)
}

// view is the cluster during a sync.
type view struct {
	end, restart          bool // instead of the sync
	min, max              int32
	spec, status          int32
	readFails, writeFails bool
	pods                  []*corev1.Pod
	metrics               map[string]metric
}

type metric struct {
	fails   bool
	values  []int64          // External, Object
	samples map[string]int64 // Pods
}

// fake implements the clients and informers of the controller.
type fake struct {
	cluster cluster
	start   time.Time
	hpa     *autoscalingv2.HorizontalPodAutoscaler
	view    view
	failed  bool // a write in this sync
	ended   chan bool
	handler cache.ResourceEventHandler
}

// drive runs the controller until the cluster ends it.
func drive(t *testing.T, hpa *autoscalingv2.HorizontalPodAutoscaler, setting simulate.Setting, c cluster) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{cluster: c, start: time.Now(), hpa: hpa, ended: make(chan bool)}
		for again := true; again; {
			ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), logr.Discard()))
			controller := podautoscaler.NewHorizontalController(ctx, events{}, scales{f: f}, autoscalers{f: f}, mapper(), metricsClient{f},
				hpaInformer{f}, podInformer{f}, setting.SyncPeriod, setting.Options.DownscaleStabilization, setting.Options.Tolerance, time.Minute, time.Minute)
			stopped := make(chan struct{})
			go func() {
				controller.Run(ctx, 1)
				close(stopped)
			}()
			f.handler.OnAdd(f.hpa, false)
			again = <-f.ended
			cancel()
			<-stopped
			synctest.Wait()
		}
	})
}

// get begins a sync.
func (f *fake) get() (*autoscalingv2.HorizontalPodAutoscaler, error) {
	f.view, f.failed = f.cluster.begin(time.Since(f.start), &f.hpa.Status), false
	if f.view.end || f.view.restart {
		f.ended <- f.view.restart
		return nil, apierrors.NewNotFound(schema.GroupResource{}, name)
	}
	f.hpa.Spec.MinReplicas, f.hpa.Spec.MaxReplicas = &f.view.min, f.view.max
	return f.hpa, nil
}

type scales struct {
	scale.ScaleInterface
	f *fake
}

func (s scales) Scales(string) scale.ScaleInterface { return s }

func (s scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	if !s.f.failed { // otherwise it is only read again after a failed write
		time.Sleep(latency) //nolint:forbidigo // of the fake clock
	}
	if s.f.view.readFails {
		return nil, errors.New("scale get failed")
	}
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec:       autoscalingv1.ScaleSpec{Replicas: s.f.view.spec},
		Status:     autoscalingv1.ScaleStatus{Replicas: s.f.view.status, Selector: "app=" + name},
	}, nil
}

func (s scales) Update(_ context.Context, _ schema.GroupResource, scale *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	if s.f.view.writeFails {
		s.f.failed = true
		return nil, errors.New("scale update failed")
	}
	s.f.cluster.scale(scale.Spec.Replicas)
	return scale, nil
}

type autoscalers struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	f *fake
}

func (a autoscalers) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return a
}

func (a autoscalers) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, _ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa.Status.DeepCopyInto(&a.f.hpa.Status)
	return hpa, nil
}

// events drops events.
type events struct{ coreclient.EventInterface }

func (e events) Events(string) coreclient.EventInterface { return e }

func (events) CreateWithEventNamespace(e *corev1.Event) (*corev1.Event, error) { return e, nil }

func (events) UpdateWithEventNamespace(e *corev1.Event) (*corev1.Event, error) { return e, nil }

func (events) PatchWithEventNamespace(e *corev1.Event, _ []byte) (*corev1.Event, error) {
	return e, nil
}

type metricsClient struct{ f *fake }

func (metricsClient) GetResourceMetric(context.Context, corev1.ResourceName, string, labels.Selector, string) (metrics.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errors.New("no resource metrics")
}

func (m metricsClient) GetRawMetric(metric, _ string, _, _ labels.Selector) (metrics.PodMetricsInfo, time.Time, error) {
	got := m.f.view.metrics[metric]
	if got.fails || len(got.samples) == 0 { // as the real client
		return nil, time.Time{}, errors.New("no metrics returned from custom metrics API")
	}
	info := metrics.PodMetricsInfo{}
	for pod, value := range got.samples {
		info[pod] = metrics.PodMetric{Timestamp: time.Now(), Window: time.Minute, Value: value}
	}
	return info, time.Now(), nil
}

func (m metricsClient) GetObjectMetric(metric, _ string, _ *autoscalingv2.CrossVersionObjectReference, _ labels.Selector) (int64, time.Time, error) {
	got := m.f.view.metrics[metric]
	if got.fails {
		return 0, time.Time{}, errors.New("no such object")
	}
	return got.values[0], time.Now(), nil
}

func (m metricsClient) GetExternalMetric(metric, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	got := m.f.view.metrics[metric]
	if got.fails {
		return nil, time.Time{}, errors.New("no such metric")
	}
	return got.values, time.Now(), nil
}

// informer is the part of an informer that the controller uses.
type informer struct {
	cache.SharedIndexInformer
	f *fake
}

func (informer) HasSynced() bool { return true }

func (informer) GetStore() cache.Store { return cache.NewStore(cache.MetaNamespaceKeyFunc) }

func (i informer) AddEventHandlerWithResyncPeriod(handler cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	i.f.handler = handler
	return nil, nil //nolint:nilnil // not used
}

type hpaInformer struct{ f *fake }

var _ autoscalinginformers.HorizontalPodAutoscalerInformer = hpaInformer{}

func (h hpaInformer) Informer() cache.SharedIndexInformer { return informer{f: h.f} }

func (h hpaInformer) Lister() autoscalinglisters.HorizontalPodAutoscalerLister {
	return hpaLister{f: h.f}
}

type hpaLister struct {
	autoscalinglisters.HorizontalPodAutoscalerLister
	f *fake
}

func (h hpaLister) HorizontalPodAutoscalers(string) autoscalinglisters.HorizontalPodAutoscalerNamespaceLister {
	return hpaNamespaceLister{f: h.f}
}

type hpaNamespaceLister struct {
	autoscalinglisters.HorizontalPodAutoscalerNamespaceLister
	f *fake
}

func (h hpaNamespaceLister) Get(string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return h.f.get()
}

type podInformer struct{ f *fake }

var _ coreinformers.PodInformer = podInformer{}

func (podInformer) Informer() cache.SharedIndexInformer { return informer{} }

func (p podInformer) Lister() corelisters.PodLister { return podLister{f: p.f} }

type podLister struct {
	corelisters.PodLister
	f *fake
}

func (p podLister) Pods(string) corelisters.PodNamespaceLister { return podNamespaceLister{f: p.f} }

type podNamespaceLister struct {
	corelisters.PodNamespaceLister
	f *fake
}

func (p podNamespaceLister) List(labels.Selector) ([]*corev1.Pod, error) { return p.f.view.pods, nil }

// mapper knows Deployments.
func mapper() meta.RESTMapper {
	version := schema.GroupVersion{Group: "apps", Version: "v1"}
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{version})
	m.Add(version.WithKind("Deployment"), meta.RESTScopeNamespace)
	return m
}

// pod returns a pod in a phase.
func pod(number int, phase corev1.PodPhase, ready, deleting bool) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", name, number), Namespace: namespace, Labels: map[string]string{"app": name}, UID: types.UID(strconv.Itoa(number))},
		Status:     corev1.PodStatus{Phase: phase, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}},
	}
	if ready {
		p.Status.Conditions[0].Status = corev1.ConditionTrue
	}
	if deleting {
		p.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)}
	}
	return p
}
