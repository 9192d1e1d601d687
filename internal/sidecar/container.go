package sidecar

import "strconv"

// Name is the name of the container, by which a pod that already has the sidecar is recognized.
const Name = "nginx-exporter"

// Container is the sidecar as an item of initContainers or containers, with its fields in the order in which they are
// written. They are those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container.
type Container struct {
	Name            string          `yaml:"name"`
	Image           string          `yaml:"image"`
	ImagePullPolicy string          `yaml:"imagePullPolicy,omitempty"`
	RestartPolicy   string          `yaml:"restartPolicy,omitempty"`
	Args            []string        `yaml:"args"`
	Ports           []Port          `yaml:"ports"`
	StartupProbe    Probe           `yaml:"startupProbe"`
	LivenessProbe   Probe           `yaml:"livenessProbe"`
	Resources       Resources       `yaml:"resources,omitempty"`
	VolumeMounts    []VolumeMount   `yaml:"volumeMounts,omitempty"`
	SecurityContext SecurityContext `yaml:"securityContext"`
}

// Port is a port on which the container listens.
type Port struct {
	Name          string `yaml:"name"`
	ContainerPort int    `yaml:"containerPort"`
	Protocol      string `yaml:"protocol"`
}

// Probe is a health check by the kubelet.
type Probe struct {
	HTTPGet          HTTPGet `yaml:"httpGet"`
	PeriodSeconds    int     `yaml:"periodSeconds"`
	TimeoutSeconds   int     `yaml:"timeoutSeconds,omitempty"`
	FailureThreshold int     `yaml:"failureThreshold"`
}

// HTTPGet is the request of a probe.
type HTTPGet struct {
	Path string `yaml:"path"`
	Port int    `yaml:"port"`
}

// Resources are the compute resources of the container.
type Resources struct {
	Requests Quantities `yaml:"requests,omitempty"`
	Limits   Quantities `yaml:"limits,omitempty"`
}

// Quantities are amounts of compute resources, such as 10m and 64Mi. Empty ones are omitted.
type Quantities struct {
	CPU    string `yaml:"cpu,omitempty"`
	Memory string `yaml:"memory,omitempty"`
}

// SecurityContext satisfies the Pod Security Standard "restricted". Without user and group, the platform or the image sets
// them.
type SecurityContext struct {
	RunAsNonRoot             bool                `yaml:"runAsNonRoot"`
	RunAsUser                int                 `yaml:"runAsUser,omitempty"`
	RunAsGroup               int                 `yaml:"runAsGroup,omitempty"`
	AllowPrivilegeEscalation bool                `yaml:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool                `yaml:"readOnlyRootFilesystem"`
	Capabilities             map[string][]string `yaml:"capabilities"`
	SeccompProfile           map[string]string   `yaml:"seccompProfile"`
}

// Container returns the sidecar that the options describe.
func (o *Options) Container() Container {
	// The probes check the exporter alone: a failing status page must not restart it. There is no readiness probe,
	// since it could remove nginx from its Service.
	health := HTTPGet{Path: "/-/healthy", Port: o.Port}
	c := Container{
		Name:            Name,
		Image:           o.Image,
		ImagePullPolicy: o.PullPolicy,
		Args:            o.args(),
		Ports:           []Port{{Name: "exporter", ContainerPort: o.Port, Protocol: "TCP"}},
		StartupProbe:    Probe{HTTPGet: health, PeriodSeconds: 1, FailureThreshold: 30},
		LivenessProbe:   Probe{HTTPGet: health, PeriodSeconds: 10, TimeoutSeconds: 3, FailureThreshold: 3},
		Resources:       o.Resources,
		SecurityContext: SecurityContext{
			RunAsNonRoot:           true,
			RunAsUser:              65532,
			RunAsGroup:             65532,
			ReadOnlyRootFilesystem: true,
			Capabilities:           map[string][]string{"drop": {"ALL"}},
			SeccompProfile:         map[string]string{"type": "RuntimeDefault"},
		},
	}
	if o.OpenShift {
		c.SecurityContext.RunAsUser, c.SecurityContext.RunAsGroup = 0, 0
	}
	if o.IsNative() {
		c.RestartPolicy = "Always"
	}
	if o.AccessLog {
		c.VolumeMounts = []VolumeMount{LogMount()}
	}
	return c
}

func (o *Options) args() []string {
	args := []string{"--nginx.scrape-uri=" + o.ScrapeURI, "--web.listen-address=:" + strconv.Itoa(o.Port)}
	if o.AccessLog {
		args = append(args, "--nginx.access-log=spool:"+SpoolFile)
	}
	return append(args, o.Args...)
}
