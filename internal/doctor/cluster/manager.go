package cluster

import (
	"cmp"
	"slices"
	"strings"
)

// Tools that manage objects.
const (
	ArgoCD  = "Argo CD"
	Flux    = "Flux"
	Helm    = "Helm"
	Kubectl = "kubectl"
)

// Manager is what manages an object.
type Manager struct {
	Tool string // one of the constants, or empty
	// Name is the application, Kustomization or release, as [NAMESPACE/]NAME.
	Name string
}

// String is TOOL NAME.
func (m Manager) String() string {
	return strings.TrimSpace(cmp.Or(m.Tool, "an unknown tool") + " " + m.Name)
}

// IsGitOps reports whether the tool reverts changes that are not in its repository.
func (m Manager) IsGitOps() bool { return m.Tool == ArgoCD || m.Tool == Flux }

// Manager is what manages the object, by the marks that tools leave. The first match
// counts: Argo CD and Flux also use Helm.
//
// See https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/,
// https://fluxcd.io/flux/components/kustomize/kustomizations/ and
// https://helm.sh/docs/chart_best_practices/labels/.
func (m *Meta) Manager() Manager {
	application, _, _ := strings.Cut(m.Annotations["argocd.argoproj.io/tracking-id"], ":")
	application = cmp.Or(application, m.Labels["argocd.argoproj.io/instance"])
	byArgo := slices.ContainsFunc(m.ManagedFields, func(f ManagedFields) bool { return strings.HasPrefix(f.Manager, "argocd-") })
	if application != "" || byArgo {
		return Manager{ArgoCD, cmp.Or(application, m.Labels["app.kubernetes.io/instance"])}
	}
	for _, kind := range []string{"kustomize", "helm"} {
		prefix := kind + ".toolkit.fluxcd.io/"
		if name := m.Labels[prefix+"name"]; name != "" {
			return Manager{Flux, qualified(m.Labels[prefix+"namespace"], name)}
		}
	}
	if name := m.Annotations["meta.helm.sh/release-name"]; name != "" || m.Labels["app.kubernetes.io/managed-by"] == Helm {
		name = cmp.Or(name, m.Labels["app.kubernetes.io/instance"])
		return Manager{Helm, qualified(cmp.Or(m.Annotations["meta.helm.sh/release-namespace"], m.Namespace), name)}
	}
	_, applied := m.Annotations[lastApplied]
	if applied || slices.ContainsFunc(m.ManagedFields, func(f ManagedFields) bool { return strings.HasPrefix(f.Manager, Kubectl) }) {
		return Manager{Tool: Kubectl}
	}
	return Manager{}
}

func qualified(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
