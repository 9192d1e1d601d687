package inject

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// istioPorts is the prefix of annotations about ports.
const istioPorts = "traffic.sidecar.istio.io/"

// metadataOf is the metadata of the pods with what the options add, and of their namespace if that is in the input.
type metadataOf struct {
	pod, namespace *yaml.Node
	opts           *Options
}

func (in *Input) metadataOf(o *object, opts *Options) metadataOf {
	return metadataOf{get(o.pod.template, "metadata"), in.namespaces[o.namespace], opts}
}

func (m metadataOf) label(key string) string {
	return pairOf(get(m.pod, "labels", key), key, m.opts.Labels)
}

func (m metadataOf) annotation(key string) string {
	return pairOf(get(m.pod, "annotations", key), key, m.opts.Annotations)
}

// pairOf returns an existing value, or else the one that is added.
func pairOf(existing *yaml.Node, key string, added []Pair) string {
	for _, p := range added {
		if existing == nil && p.Key == key {
			return p.Value
		}
	}
	return str(existing)
}

// either returns the value of a label or else of an annotation of the pods.
func (m metadataOf) either(key string) string {
	if value := m.label(key); value != "" {
		return value
	}
	return m.annotation(key)
}

// meshNotes returns what the proxy of a service mesh means for the sidecar. docs/mesh.md has the details.
func (in *Input) meshNotes(o *object, opts *Options) (notes []string) {
	m := in.metadataOf(o, opts)
	if by := m.istio(o.pod); by != "" {
		notes = append(notes, m.istioStart(by))
		if m.captures(opts.Port) {
			notes = append(notes, fmt.Sprintf("Istio with STRICT mTLS rejects a Prometheus outside of the mesh: exclude the port with --pod-annotation=%sexcludeInboundPorts=%d", istioPorts, opts.Port))
		}
	} else if m.ambient() {
		notes = append(notes, fmt.Sprintf("Istio with STRICT mTLS rejects a Prometheus outside of the mesh: let Prometheus join it, or set PERMISSIVE for port %d in a PeerAuthentication", opts.Port))
	}
	if m.linkerd(o.pod) {
		notes = append(notes, m.linkerdNote())
	}
	return notes
}

// captures reports whether Istio redirects traffic to a port to its proxy.
func (m metadataOf) captures(port int) bool {
	if include := m.annotation(istioPorts + "includeInboundPorts"); include != "" && !hasPort(include, port) {
		return false
	}
	return !hasPort(m.annotation(istioPorts+"excludeInboundPorts"), port)
}

// istio returns by what Istio adds its proxy to the pods, empty if it does not, see
// https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy.
func (m metadataOf) istio(p *pod) string {
	const inject, revision, injection = "sidecar.istio.io/inject", "istio.io/rev", "istio-injection"
	labels := get(m.namespace, "labels")
	switch {
	case named(get(p.spec, "containers"), "istio-proxy") != nil:
		return "container istio-proxy"
	case slices.Contains([]string{"false", "n", "no", "off"}, strings.ToLower(m.either(inject))):
		return ""
	case isTrueText(m.either(inject)):
		return inject
	case m.label(revision) != "":
		return revision
	case str(get(labels, injection)) == "enabled":
		return "label " + injection + " of the namespace"
	case str(get(labels, injection)) == "" && str(get(labels, revision)) != "" && str(get(labels, "istio.io/dataplane-mode")) == "":
		return "label " + revision + " of the namespace"
	}
	return ""
}

// ambient reports whether the pods are in Istio's ambient mode, which has no proxies in pods.
func (m metadataOf) ambient() bool {
	const mode = "istio.io/dataplane-mode"
	value := m.label(mode)
	if value == "" {
		value = str(get(m.namespace, "labels", mode))
	}
	return value == "ambient"
}

// istioStart warns if the pods cannot start: without native sidecars, Istio rewrites the startup probe of the exporter to its
// proxy, which starts after all init containers. Istio uses native sidecars by default from version 1.27 on if all nodes have
// Kubernetes 1.33. A probe that is not rewritten must not be redirected to the proxy either.
func (m metadataOf) istioStart(by string) string {
	const native, rewrite = "sidecar.istio.io/nativeSidecar", "sidecar.istio.io/rewriteAppHTTPProbers"
	switch {
	case !m.opts.IsNative() || m.annotation(native) == "true" || m.annotation(rewrite) == "false" && !m.captures(m.opts.Port):
		return ""
	case m.annotation(native) == "false":
		return "warning: the pods will not start: " + native + ` is "false", and Istio (` + by + ") redirects the startup probe to its proxy, which starts later; use --native=never"
	}
	return "warning: the pods will not start if Istio (" + by + ") adds its proxy as an ordinary container (before Istio 1.27, or with nodes before Kubernetes 1.33); use --native=never, or --pod-annotation=" + native + "=true"
}

// linkerd reports whether Linkerd adds its proxy to the pods, see https://linkerd.io/2/features/proxy-injection/.
func (m metadataOf) linkerd(p *pod) bool {
	const inject = "linkerd.io/inject"
	value := m.annotation(inject)
	if value == "" {
		value = str(get(m.namespace, "annotations", inject))
	}
	return value == "enabled" || value == "ingress" || named(get(p.spec, "containers"), "linkerd-proxy") != nil
}

// linkerdNote says what to do about Linkerd's proxy, unless the port of the exporter is excluded. Linkerd does not rewrite
// probes, but its CNI plugin redirects them from the start to the proxy, which starts after all init containers if it is not
// native.
func (m metadataOf) linkerdNote() string {
	const skip = "config.linkerd.io/skip-inbound-ports"
	if hasPort(m.annotation(skip), m.opts.Port) {
		return ""
	}
	fix := fmt.Sprintf("exclude the port with --pod-annotation=%s=%d", skip, m.opts.Port)
	for _, prefix := range []string{"config.linkerd.io/", "config.beta.linkerd.io/", "config.alpha.linkerd.io/"} {
		if m.annotation(prefix+"proxy-enable-native-sidecar") == "true" || !m.opts.IsNative() {
			return "Linkerd with a restrictive inbound policy rejects a Prometheus outside of the mesh: " + fix
		}
	}
	return "warning: with its CNI plugin, Linkerd keeps the pods from starting if its proxy is an ordinary container (default before 2.20); with a restrictive inbound policy it rejects Prometheus: " + fix
}

// hasPort reports whether a list of ports and port ranges, separated by commas, has a port.
func hasPort(list string, port int) bool {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if first == "*" || err == nil && err2 == nil && from <= port && port <= to {
			return true
		}
	}
	return false
}

func isTrueText(value string) bool {
	return slices.Contains([]string{"true", "y", "yes", "on"}, strings.ToLower(value))
}
