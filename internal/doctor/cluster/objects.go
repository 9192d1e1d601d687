package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// These types have only those fields of Kubernetes objects that are used. See
// https://kubernetes.io/docs/reference/kubernetes-api/.

// Meta is the metadata of an object.
type Meta struct {
	Name, Namespace   string
	UID               string
	ResourceVersion   string
	Labels            map[string]string
	Annotations       map[string]string
	CreationTimestamp time.Time
	DeletionTimestamp time.Time
	ManagedFields     []ManagedFields
	OwnerReferences   []struct {
		APIVersion, Kind, Name string
		Controller             bool
	}
}

// Changed is when the object was last changed.
func (m *Meta) Changed() time.Time {
	at := m.CreationTimestamp
	for _, f := range m.ManagedFields {
		if f.Time.After(at) {
			at = f.Time
		}
	}
	return at
}

// ManagedFields are the fields that one manager owns.
type ManagedFields struct {
	Manager, Operation, Subresource string
	Time                            time.Time
	FieldsV1                        map[string]any
}

// Owns reports whether the manager owns a field below spec.
func (m *ManagedFields) Owns(field string) bool {
	spec, _ := m.FieldsV1["f:spec"].(map[string]any)
	_, found := spec["f:"+field]
	return found
}

// Condition is one condition in the status of an object.
type Condition struct {
	Type, Status, Reason, Message string
	LastTransitionTime            time.Time
	LastUpdateTime                time.Time // of Deployments
}

// String is REASON: MESSAGE.
func (c *Condition) String() string { return strings.Trim(c.Reason+": "+c.Message, ": ") }

// Conditions are the conditions of an object.
type Conditions []Condition

// Of is the condition of a type; empty if there is none.
func (c Conditions) Of(kind string) *Condition {
	return cmp.Or(find(c, func(c *Condition) bool { return c.Type == kind }), &Condition{})
}

// IsTrue reports whether the condition of a type is True.
func (c Conditions) IsTrue(kind string) bool { return c.Of(kind).Status == "True" }

// Reference names an object of the same namespace.
type Reference struct{ APIVersion, Kind, Name string }

// Group is the API group; empty for the core group.
func (r Reference) Group() string {
	group, _, found := strings.Cut(r.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// String is KIND NAME.
func (r Reference) String() string { return r.Kind + " " + r.Name }

// Kubectl is the object as an argument of kubectl: deployment/web.
func (r Reference) Kubectl() string { return strings.ToLower(r.Kind) + "/" + r.Name }

// HPA is a HorizontalPodAutoscaler of autoscaling/v2.
type HPA struct {
	Metadata Meta
	Spec     struct {
		ScaleTargetRef           Reference
		MinReplicas, MaxReplicas int
		Metrics                  []MetricSpec
		Behavior                 struct{ ScaleUp, ScaleDown ScalingRules }
	}
	Status struct {
		CurrentReplicas, DesiredReplicas int
		LastScaleTime                    time.Time
		CurrentMetrics                   []MetricStatus // one for each metric, empty if it fails
		Conditions                       Conditions
	}
}

// ScalingRules say how an HPA scales in one direction.
type ScalingRules struct {
	StabilizationWindowSeconds *int
	SelectPolicy               string // Disabled for no scaling in this direction
	Tolerance                  string // a quantity; empty for the default of the cluster
}

// MetricSpec is a metric by which an HPA scales. Only the field of its type is set.
type MetricSpec struct {
	Type                        string
	Pods, Object, External      *MetricTarget
	Resource, ContainerResource *ResourceTarget
}

// MetricTarget is a custom or external metric and its target value.
type MetricTarget struct {
	Metric struct {
		Name     string
		Selector *Selector
	}
	Target          MetricValue
	DescribedObject Reference
}

// ResourceTarget is CPU or memory, of one container if it is named, and its target value.
type ResourceTarget struct {
	Name, Container string
	Target          MetricValue
}

// MetricValue is a target or current value: two quantities, and a percentage of the
// requests of the pods. Those that do not apply are empty.
type MetricValue struct {
	AverageValue, Value string
	AverageUtilization  *int
}

// MetricStatus is the last value of a metric that the HPA has read. Only the field of its
// type is set, none if it could not be read.
type MetricStatus struct {
	Pods, Object, External, Resource, ContainerResource *MetricReading
}

// MetricReading is a value, and the name of the metric unless it is a resource.
type MetricReading struct {
	Metric  struct{ Name string }
	Current MetricValue
}

// Reading is the field that is set; nil for none.
func (m *MetricStatus) Reading() *MetricReading {
	return cmp.Or(m.Pods, m.Object, m.External, m.Resource, m.ContainerResource)
}

// Workload is a Deployment or another object with a pod template, or its scale
// subresource.
type Workload struct {
	Metadata Meta
	Spec     struct {
		Replicas *int
		Selector *Selector
		Template struct {
			Metadata Meta
			Spec     PodSpec
		}
	}
	Status struct {
		Selector   string // of a scale
		Replicas   int
		Conditions Conditions
	}
}

// ScaledToZero reports whether spec.replicas is 0.
func (w *Workload) ScaledToZero() bool { return w.Spec.Replicas != nil && *w.Spec.Replicas == 0 }

// PodSpec is the specification of a pod.
type PodSpec struct {
	ServiceAccountName         string
	InitContainers, Containers []Container
	HostNetwork                bool
	Volumes                    []Volume
	Resources                  Resources // of the whole pod
}

// All lists all containers. Init containers may be sidecars.
func (s *PodSpec) All() []Container { return slices.Concat(s.InitContainers, s.Containers) }

// Resources are what a container or pod requests, as quantities.
type Resources struct{ Requests map[string]string }

// Unrequested is the container that makes the HPA unable to compare the use of a resource
// with what the pod requests; nil if there is none. A name selects one container. The HPA
// ignores init containers that end.
func (s *PodSpec) Unrequested(resource, name string) *Container {
	if name == "" && len(s.Resources.Requests) > 0 {
		return nil // it compares with the requests of the pod
	}
	return find(s.All(), func(c *Container) bool {
		ends := slices.ContainsFunc(s.InitContainers, func(init Container) bool { return init.Name == c.Name && init.RestartPolicy != "Always" })
		return !ends && (name == "" || name == c.Name) && c.Resources.Requests[resource] == ""
	})
}

// Volume is a volume of a pod; ConfigMap is nil for any other type.
type Volume struct {
	Name      string
	ConfigMap *struct{ Name string }
}

// Container is a container of a pod.
type Container struct {
	Name, Image   string
	Command, Args []string
	Env           []struct{ Name, Value string }
	Ports         []struct {
		Name          string
		ContainerPort int
	}
	VolumeMounts  []struct{ Name, MountPath, SubPath string }
	Resources     Resources
	RestartPolicy string // Always for a sidecar among the init containers
}

// Flag is the value of the argument --NAME=VALUE or --NAME VALUE, or else of the first
// environment variable that is set.
func (c *Container) Flag(name string, variables ...string) string {
	args := slices.Concat(c.Command, c.Args)
	if slices.Contains(args, "-c") {
		// The arguments are within a command line for a shell.
		args = strings.FieldsFunc(strings.Join(args, " "), func(r rune) bool { return strings.ContainsRune(" \t\n\\'\"", r) })
	}
	for i, arg := range args {
		arg = c.expand(arg)
		key, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case key != name || !strings.HasPrefix(arg, "-"):
		case assigned:
			return value
		case i+1 < len(args):
			return c.expand(args[i+1])
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

// expand replaces $(NAME) with the environment variable, as Kubernetes does.
func (c *Container) expand(arg string) string {
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

// Pod is a pod.
type Pod struct {
	Metadata Meta
	Spec     PodSpec
	Status   struct {
		Phase                                    string
		PodIP                                    string
		Conditions                               Conditions
		ContainerStatuses, InitContainerStatuses []ContainerStatus
	}
}

// Ready reports whether the pod is ready.
func (p *Pod) Ready() bool { return p.Status.Conditions.IsTrue("Ready") }

// Owner is the workload that controls the pod; empty if there is none. The ReplicaSet of a
// Deployment stands for the Deployment.
func (p *Pod) Owner() Reference {
	for _, o := range p.Metadata.OwnerReferences {
		if !o.Controller {
			continue
		}
		hash := p.Metadata.Labels["pod-template-hash"]
		if name, found := strings.CutSuffix(o.Name, "-"+hash); o.Kind == "ReplicaSet" && hash != "" && found {
			return Reference{o.APIVersion, "Deployment", name}
		}
		return Reference{o.APIVersion, o.Kind, o.Name}
	}
	return Reference{}
}

// ended reports whether the pod has terminated or is terminating.
func (p *Pod) ended() bool {
	return p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" || !p.Metadata.DeletionTimestamp.IsZero()
}

// Container is the status of a container; empty if the pod does not have it.
func (p *Pod) Container(name string) *ContainerStatus {
	all := slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses)
	return cmp.Or(find(all, func(s *ContainerStatus) bool { return s.Name == name }), &ContainerStatus{})
}

// PodNames lists the names of pods.
func PodNames(pods []Pod) []string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Metadata.Name)
	}
	return all
}

// ContainerStatus is the status of a container.
type ContainerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Waiting    *struct{ Reason, Message string }
		Terminated *Terminated
		Running    *struct{ StartedAt time.Time }
	}
	LastState struct{ Terminated *Terminated }
}

// Terminated is how a container ended.
type Terminated struct {
	Reason, Message string
	ExitCode        int
}

// Problem is why the container does not run; empty if it runs, starts, or has
// completed.
func (s *ContainerStatus) Problem() string {
	problem := ""
	switch ended := s.State.Terminated; {
	case s.State.Waiting != nil:
		problem = strings.TrimSpace(s.State.Waiting.Reason + " " + s.State.Waiting.Message)
	case ended != nil && ended.Reason != "Completed":
		problem = strings.TrimSpace(ended.Reason + " " + ended.Message)
	}
	if problem == "PodInitializing" || problem == "ContainerCreating" {
		return ""
	}
	return problem
}

// Restarted reports whether a container that is not ready failed before: it runs
// for a moment between two failures.
func (s *ContainerStatus) Restarted() bool {
	return s.State.Waiting == nil && !s.Ready && s.RestartCount > 0 && s.LastState.Terminated != nil && s.LastState.Terminated.ExitCode != 0
}

// APIService registers an API that a Service serves.
type APIService struct {
	Metadata Meta
	Spec     struct {
		Service struct {
			Name, Namespace string
			Port            int
		}
		CABundle              string
		InsecureSkipTLSVerify bool
	}
	Status struct{ Conditions Conditions }
}

// Owner is the Service that serves the API, as NAMESPACE/NAME.
func (a *APIService) Owner() string { return a.Spec.Service.Namespace + "/" + a.Spec.Service.Name }

// Service is a Service.
type Service struct {
	Metadata Meta
	Spec     struct {
		Type, ClusterIP, ExternalName string
		Selector                      map[string]string
		Ports                         []ServicePort
	}
}

// ServicePort is a port of a Service. TargetPort is a number, a name or nil.
type ServicePort struct {
	Name       string
	Port       int
	TargetPort any
}

// Selects reports whether the Service selects pods with the labels.
func (s *Service) Selects(labels map[string]string) bool {
	return len(s.Spec.Selector) > 0 && LabelsMatch(s.Spec.Selector, labels)
}

// HasPort reports whether a port of the Service can be reached. A headless Service leads
// to every port of its pods.
func (s *Service) HasPort(port string) bool {
	return s.Spec.ClusterIP == "None" || len(s.Spec.Ports) == 0 ||
		slices.ContainsFunc(s.Spec.Ports, func(p ServicePort) bool { return strconv.Itoa(p.Port) == port })
}

// Ports lists the names and numbers of the ports.
func (s *Service) Ports() []string {
	var all []string
	for _, p := range s.Spec.Ports {
		all = append(all, strings.TrimSpace(p.Name+" "+strconv.Itoa(p.Port)))
	}
	return all
}

// EndpointSlice has endpoints of a Service.
type EndpointSlice struct {
	Endpoints []struct {
		Conditions struct{ Ready *bool }
	}
	Ports []struct{ Port int }
}

// ConfigMap is a ConfigMap.
type ConfigMap struct {
	Metadata Meta
	Data     map[string]string
}

// Event is an event about an object.
type Event struct {
	Message                  string
	EventTime, LastTimestamp time.Time
}

// At is when the message was written. A series of events of the newer API keeps the
// message and the time of the first.
func (e Event) At() time.Time {
	if e.EventTime.IsZero() {
		return e.LastTimestamp
	}
	return e.EventTime
}

// list is a list of objects.
type list[T any] struct{ Items []T }

// find is the first item that matches; nil if none does.
func find[T any](all []T, matches func(*T) bool) *T {
	for i := range all {
		if matches(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

// resources are the resources of an API group.
type resources struct {
	Resources []struct{ Name, SingularName, Kind string }
}
