package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestOpenShift checks the pods of every case, and one that the admission policy has changed, against the SecurityContextConstraints
// restricted-v2 (https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/authentication_and_authorization/managing-pod-security-policies).
func TestOpenShift(t *testing.T) {
	for where, pod := range everyPod(t, "openshift") {
		if pod.Spec.HostNetwork {
			continue // needs another SCC
		}
		for _, refused := range refusedByRestrictedV2(&pod.Spec) {
			t.Errorf("%s: %s", where, refused)
		}
	}
	added := corev1.PodSpec{InitContainers: admit(t, map[string]any{"platform": "openshift"}, nginx()).Spec.InitContainers}
	for _, refused := range refusedByRestrictedV2(&added) {
		t.Errorf("the policy adds %s", refused)
	}
}

// TestOtherPlatforms checks that the same test fails for pods with IDs.
func TestOtherPlatforms(t *testing.T) {
	for where, pod := range everyPod(t, "kubernetes") {
		if len(refusedByRestrictedV2(&pod.Spec)) == 0 {
			t.Errorf("%s has no IDs", where)
		}
	}
}

// refusedByRestrictedV2 returns what the SCC does not allow. It assigns IDs from a range of the namespace (MustRunAsRange, MustRunAs),
// which no manifest can know, and drops all capabilities.
func refusedByRestrictedV2(spec *corev1.PodSpec) []string {
	var refused []string
	if spec.HostNetwork || spec.HostPID || spec.HostIPC {
		refused = append(refused, "host namespaces")
	}
	for _, volume := range spec.Volumes {
		if !allowedVolume(&volume.VolumeSource) {
			refused = append(refused, "volume "+volume.Name)
		}
	}
	var pod corev1.PodSecurityContext
	if spec.SecurityContext != nil {
		pod = *spec.SecurityContext
	}
	if pod.RunAsUser != nil || pod.RunAsGroup != nil || pod.FSGroup != nil || pod.SELinuxOptions != nil || len(pod.Sysctls) > 0 {
		refused = append(refused, fmt.Sprintf("pod security context %v", pod))
	}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, what := range refusedContainer(&container, pod.SeccompProfile) {
			refused = append(refused, container.Name+": "+what)
		}
	}
	return refused
}

// allowedVolume tells whether a volume is of one of the types in the SCC.
func allowedVolume(volume *corev1.VolumeSource) bool {
	allowed := []string{"ConfigMap", "CSI", "DownwardAPI", "EmptyDir", "Ephemeral", "Image", "PersistentVolumeClaim", "Projected", "Secret"}
	value := reflect.ValueOf(*volume)
	for i := range value.NumField() {
		if !value.Field(i).IsNil() && !slices.Contains(allowed, value.Type().Field(i).Name) {
			return false
		}
	}
	return true
}

func refusedContainer(container *corev1.Container, seccomp *corev1.SeccompProfile) []string {
	context := container.SecurityContext
	if context == nil {
		return []string{"no security context"}
	}
	if context.SeccompProfile != nil {
		seccomp = context.SeccompProfile
	}
	checks := map[string]bool{
		"an ID":                  context.RunAsUser != nil || context.RunAsGroup != nil,
		"SELinux options":        context.SELinuxOptions != nil,
		"privileged":             context.Privileged != nil && *context.Privileged,
		"privilege escalation":   context.AllowPrivilegeEscalation == nil || *context.AllowPrivilegeEscalation,
		"capabilities":           context.Capabilities == nil || !slices.Contains(context.Capabilities.Drop, "ALL") || len(context.Capabilities.Add) > 0,
		"another seccompProfile": seccomp != nil && seccomp.Type != corev1.SeccompProfileTypeRuntimeDefault,
		"a host port":            slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }),
	}
	maps.DeleteFunc(checks, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(checks))
}
