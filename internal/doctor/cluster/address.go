package cluster

import (
	"net"
	"net/url"
	"strings"
)

// ServiceAddress is a port of a Service of the cluster. Path has no slash at its
// end.
type ServiceAddress struct{ Scheme, Name, Namespace, Port, Path string }

// String is the address as seen from pods.
func (s ServiceAddress) String() string {
	return s.Scheme + "://" + s.Name + "." + s.Namespace + ".svc:" + s.Port + s.Path
}

// ParseService parses the address of a Service, as pods use it; false for any
// other address. Without a namespace it is in the given one, that of the pods.
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

// isLoopback reports an address that leads to the pod that uses it: to a sidecar
// of the adapter that signs requests or logs in, most often.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// WithoutLogin is an address without user, password and query, which may hold
// keys.
func WithoutLogin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the given address"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
