package plan

import (
	"fmt"
	"strings"

	"nginx-exporter/internal/doctor/cluster"
)

// ParseWorkload parses [NAMESPACE/]KIND/NAME, with the kinds and short names of kubectl.
// The namespace is empty if there is none.
func ParseWorkload(text string) (namespace string, ref cluster.Reference, err error) {
	parts := strings.Split(text, "/")
	const withNamespace = 3
	if len(parts) == withNamespace {
		namespace, parts = parts[0], parts[1:]
	}
	if len(parts) != withNamespace-1 || parts[0] == "" {
		return "", ref, fmt.Errorf("%q is not [NAMESPACE/]KIND/NAME, such as shop/deployment/web", text)
	}
	kind, group, _ := strings.Cut(strings.ToLower(parts[0]), ".")
	if ref = kindOf(kind); ref.Kind == "" || group != "" && !strings.HasPrefix(group, ref.Group()) {
		return "", ref, fmt.Errorf("%q is not a kind that can be scaled here: use deployment, statefulset or rollout", parts[0])
	}
	if ref.Name = parts[1]; !cluster.IsName(ref.Name) {
		return "", ref, fmt.Errorf("%q is not a valid name", ref.Name)
	}
	return namespace, ref, nil
}

// kindOf is a kind by the names that kubectl accepts; empty for an unknown one.
func kindOf(name string) cluster.Reference {
	switch name {
	case "deployment", "deployments", "deploy":
		return cluster.Reference{APIVersion: "apps/v1", Kind: "Deployment"}
	case "statefulset", "statefulsets", "sts":
		return cluster.Reference{APIVersion: "apps/v1", Kind: "StatefulSet"}
	case "daemonset", "daemonsets", "ds":
		return cluster.Reference{APIVersion: "apps/v1", Kind: "DaemonSet"}
	case "rollout", "rollouts", "ro":
		return cluster.Reference{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout"}
	}
	return cluster.Reference{}
}
