package hpa

import (
	"slices"
	"strings"
	"time"
)

// What the doctor reads of the objects of Kubernetes, and no more.

type meta struct {
	Name, Namespace   string
	UID               string
	Labels            map[string]string
	Annotations       map[string]string
	CreationTimestamp time.Time
	DeletionTimestamp time.Time
	ManagedFields     []managed
}

type managed struct {
	Manager, Operation, Subresource string
	Time                            time.Time
	FieldsV1                        map[string]any
}

// owns tells whether the manager has set a field below spec.
func (m *managed) owns(field string) bool {
	spec, _ := m.FieldsV1["f:spec"].(map[string]any)
	_, found := spec["f:"+field]
	return found
}

type condition struct {
	Type, Status, Reason, Message string
	LastTransitionTime            time.Time
	LastUpdateTime                time.Time // Deployments have it
}

// conditions are what an object says of itself.
type conditions []condition

func (c conditions) of(kind string) condition {
	if i := slices.IndexFunc(c, func(c condition) bool { return c.Type == kind }); i >= 0 {
		return c[i]
	}
	return condition{}
}

type reference struct{ APIVersion, Kind, Name string }

// group is the part of an API version before the slash.
func (r reference) group() string {
	group, _, found := strings.Cut(r.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

type metricSpec struct {
	Type     string
	Pods     *metricTarget
	Object   *metricTarget
	External *metricTarget
	Resource *struct{ Name string }
}

type metricTarget struct {
	Metric struct {
		Name     string
		Selector *selector
	}
	Target          struct{ Type, AverageValue, Value string }
	DescribedObject reference
}

type hpa struct {
	Metadata meta
	Spec     struct {
		ScaleTargetRef           reference
		MinReplicas, MaxReplicas int
		Metrics                  []metricSpec
		Behavior                 struct {
			ScaleDown struct{ StabilizationWindowSeconds *int }
		}
	}
	Status struct {
		CurrentReplicas, DesiredReplicas int
		LastScaleTime                    time.Time
		CurrentMetrics                   []struct {
			Pods, Object, External *struct {
				Metric  struct{ Name string }
				Current struct{ AverageValue, Value string }
			}
		}
		Conditions conditions
	}
}

type workload struct {
	Metadata meta
	Spec     struct {
		Replicas *int
		Selector *selector
		Template struct {
			Metadata meta
			Spec     podSpec
		}
	}
	Status struct {
		Selector   string // of a scale
		Replicas   int
		Conditions conditions
	}
}

func (w *workload) scaledToZero() bool { return w.Spec.Replicas != nil && *w.Spec.Replicas == 0 }

type podSpec struct {
	ServiceAccountName string
	InitContainers     []container
	Containers         []container
	HostNetwork        bool
	Volumes            []struct {
		Name      string
		ConfigMap *struct{ Name string }
	}
}

// all lists every container that may stay.
func (s *podSpec) all() []container {
	return slices.Concat(s.InitContainers, s.Containers)
}

type container struct {
	Name, Image   string
	Command, Args []string
	Env           []struct{ Name, Value string }
	Ports         []struct {
		Name          string
		ContainerPort int
	}
	VolumeMounts []struct{ Name, MountPath, SubPath string }
}

// value is what an argument --NAME=VALUE or --NAME VALUE says, or else a variable.
func (c *container) value(argument string, variables ...string) string {
	args := slices.Concat(c.Command, c.Args)
	if slices.Contains(args, "-c") {
		// A line for a shell, as some write it to use variables.
		args = strings.FieldsFunc(strings.Join(args, " "), func(r rune) bool { return strings.ContainsRune(" \t\n\\'\"", r) })
	}
	for i := range args {
		args[i] = c.expand(args[i])
	}
	for i, arg := range args {
		name, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case name != argument || !strings.HasPrefix(arg, "-"):
		case assigned:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	for _, variable := range variables {
		for _, e := range c.Env {
			if e.Name == variable {
				return e.Value
			}
		}
	}
	return ""
}

// expand puts in variables, as Kubernetes does: $(NAME).
func (c *container) expand(arg string) string {
	if !strings.Contains(arg, "$(") {
		return arg
	}
	for _, e := range c.Env {
		if e.Value != "" {
			arg = strings.ReplaceAll(arg, "$("+e.Name+")", e.Value)
		}
	}
	return arg
}

type pod struct {
	Metadata meta
	Spec     podSpec
	Status   struct {
		Phase                                    string
		PodIP                                    string
		StartTime                                time.Time
		Conditions                               conditions
		ContainerStatuses, InitContainerStatuses []containerStatus
	}
}

type containerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Waiting    *struct{ Reason, Message string }
		Terminated *struct {
			Reason, Message string
			ExitCode        int
		}
		Running *struct{ StartedAt time.Time }
	}
	LastState struct {
		Terminated *struct {
			Reason, Message string
			ExitCode        int
		}
	}
}

// gone tells whether a pod is on its way out.
func (p *pod) gone() bool {
	return p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" || !p.Metadata.DeletionTimestamp.IsZero()
}

func (p *pod) ready() bool { return p.Status.Conditions.of("Ready").Status == "True" }

func (p *pod) status(container string) *containerStatus {
	for _, list := range [][]containerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == container {
				return &list[i]
			}
		}
	}
	return nil
}

// fellOver tells whether a container that is not ready has ended badly before: it
// runs for a moment between two ends.
func (s *containerStatus) fellOver() bool {
	return s != nil && !s.Ready && s.RestartCount > 0 && s.LastState.Terminated != nil && s.LastState.Terminated.ExitCode != 0
}

// trouble is why a container does not run; empty if it does.
func (s *containerStatus) trouble() string {
	switch {
	case s == nil:
		return ""
	case s.State.Waiting != nil:
		return strings.TrimSpace(s.State.Waiting.Reason + " " + s.State.Waiting.Message)
	case s.State.Terminated != nil && s.State.Terminated.Reason != "Completed":
		return strings.TrimSpace(s.State.Terminated.Reason + " " + s.State.Terminated.Message)
	}
	return ""
}

type apiService struct {
	Metadata meta
	Spec     struct {
		Service *struct {
			Name, Namespace string
			Port            int
		}
		CABundle              string
		InsecureSkipTLSVerify bool
	}
	Status struct{ Conditions conditions }
}

type service struct {
	Metadata meta
	Spec     struct {
		Type, ClusterIP, ExternalName string
		Selector                      map[string]string
		Ports                         []servicePort
	}
}

type servicePort struct {
	Name       string
	Port       int
	TargetPort any
}

type endpointSlice struct {
	Endpoints []struct {
		Addresses  []string
		Conditions struct{ Ready *bool }
	}
	Ports []struct {
		Name string
		Port int
	}
}

type configMap struct {
	Metadata meta
	Data     map[string]string
}

// list is a list of objects.
type list[T any] struct{ Items []T }

// metricValues are what the custom and the external metrics API say.
type metricValues struct {
	Items []struct {
		DescribedObject reference
		MetricName      string
		Value           string
		Timestamp       time.Time
	}
}

// resources are what an API has.
type resources struct {
	Resources []struct{ Name, SingularName, Kind string }
}

// monitor is a PodMonitor or a ServiceMonitor.
type monitor struct {
	Kind     string `json:"-"`
	Metadata meta
	Spec     struct {
		Selector          selector
		NamespaceSelector struct {
			Any        bool
			MatchNames []string
		}
		PodMetricsEndpoints, Endpoints []endpoint
	}
}

// endpoints are where it scrapes.
func (m *monitor) endpoints() []endpoint {
	if m.Kind == podMonitor {
		return m.Spec.PodMetricsEndpoints
	}
	return m.Spec.Endpoints
}

type endpoint struct {
	Port       string
	PortNumber int
	TargetPort any
	Path       string
	Interval   string
}

// prometheusObject is a Prometheus of prometheus-operator.
type prometheusObject struct {
	Metadata meta
	Spec     struct {
		PodMonitorSelector, PodMonitorNamespaceSelector         *selector
		ServiceMonitorSelector, ServiceMonitorNamespaceSelector *selector
		RoutePrefix                                             string
		Web                                                     struct{ TLSConfig map[string]any }
	}
	Status struct{ Conditions conditions }
}

type scaledObject struct {
	Metadata meta
	Spec     struct {
		ScaleTargetRef reference
		Triggers       []trigger
	}
	Status struct {
		HpaName    string
		Conditions conditions
	}
}

// event is what a controller says of an object.
type event struct {
	Message                  string
	EventTime, LastTimestamp time.Time
}

// at is when that was said. Events of the newer API become a series with the
// words of the first, whatever was said later: the time of those is what counts.
func (e event) at() time.Time {
	if e.EventTime.IsZero() {
		return e.LastTimestamp
	}
	return e.EventTime
}

type trigger struct {
	Type, Name string
	Metadata   map[string]string
}
