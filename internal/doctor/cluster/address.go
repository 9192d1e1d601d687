package cluster

import (
	"net"
	"net/url"
	"strings"
)

// ServiceAddress is the URL of a port of a Service. Path has no trailing slash.
type ServiceAddress struct{ Scheme, Name, Namespace, Port, Path string }

// String is the URL as pods use it.
func (s ServiceAddress) String() string {
	return s.Scheme + "://" + s.Name + "." + s.Namespace + ".svc:" + s.Port + s.Path
}

// ParseService parses the URL of a Service, as pods use it; false for any other URL.
// The namespace is that of the pods, which applies if the host name has none.
func ParseService(address, namespace string) (ServiceAddress, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ServiceAddress{}, false
	}
	labels := strings.Split(strings.TrimSuffix(u.Hostname(), "."), ".")
	s := ServiceAddress{Scheme: u.Scheme, Name: labels[0], Namespace: namespace, Port: u.Port(), Path: strings.TrimSuffix(u.Path, "/")}
	if s.Port == "" {
		s.Port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	const withNamespace, withSvc = 2, 3
	if len(labels) >= withNamespace {
		s.Namespace = labels[1]
	}
	isIP := strings.Trim(u.Hostname(), "0123456789.") == "" || strings.Contains(u.Hostname(), ":")
	return s, !isIP && s.Namespace != "" && (len(labels) <= withNamespace || labels[2] == "svc" && len(labels) >= withSvc)
}

// isLoopback reports whether a URL leads to the pod that uses it, usually to a sidecar
// of the adapter that adds credentials.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// WithoutLogin removes user, password and query from a URL: each may be a secret.
func WithoutLogin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the given address"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
