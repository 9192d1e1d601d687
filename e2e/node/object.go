package node

import "time"

// pod has the fields of a pod that the node reads.
type pod struct {
	Metadata struct {
		Name, Namespace, UID string
		Labels, Annotations  map[string]string
		DeletionTimestamp    *time.Time
	}
	Spec struct {
		RestartPolicy      string
		ServiceAccountName string
		InitContainers     []container
		Containers         []container
		Volumes            []volume
		SecurityContext    securityContext
		HostAliases        []hostAlias
		DNSPolicy          string
	}
	Status struct{ Phase string }
}

// hostAlias is a line of /etc/hosts.
type hostAlias struct {
	IP        string
	Hostnames []string
}

type container struct {
	Name, Image, RestartPolicy, WorkingDir string
	Command, Args                          []string
	Env                                    []variable
	VolumeMounts                           []volumeMount
	SecurityContext                        securityContext
	StartupProbe, ReadinessProbe           *probe
}

// isSidecar reports whether an init container is a native sidecar.
func (c *container) isSidecar() bool { return c.RestartPolicy == always }

const always = "Always"

type variable struct {
	Name, Value string
	ValueFrom   *struct{ FieldRef *fieldRef }
}

type fieldRef struct{ FieldPath string }

type volumeMount struct {
	Name, MountPath, SubPath string
	ReadOnly                 bool
}

type securityContext struct {
	RunAsUser, RunAsGroup    *int
	AllowPrivilegeEscalation *bool
	ReadOnlyRootFilesystem   bool
}

type probe struct {
	HTTPGet *struct {
		Path, Scheme string
		Port         int
	}
	TCPSocket *struct{ Port int }
}

type volume struct {
	Name      string
	EmptyDir  *struct{}
	ConfigMap *source
	Secret    *struct{ SecretName string }
	Projected *struct{ Sources []projection }
}

type source struct {
	Name  string
	Items []item
}

type item struct{ Key, Path string }

type projection struct {
	ConfigMap           *source
	ServiceAccountToken *struct{ Path string }
	DownwardAPI         *struct {
		Items []struct {
			Path     string
			FieldRef *fieldRef
		}
	}
}
