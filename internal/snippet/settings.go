package snippet

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"nginx-exporter/client/vts"
	"nginx-exporter/internal/sidecar"
)

const (
	stubStatus   = "/stub_status"
	plusAPI      = "/api"
	angieStatus  = "/status"
	vtsStatus    = "/status"
	exporterPort = 9113
	spoolFile    = sidecar.SpoolFile

	deployment  = "Deployment"
	statefulSet = "StatefulSet"
	replicaSet  = "ReplicaSet"
)

// settings are the data of the templates. Methods return values in the format that a template needs.
type settings struct {
	Listen        address
	Path          string
	Allow         []string
	Port          int
	Hosts         []string
	Plus          bool
	Angie         bool
	VTS           bool // nginx-module-vts
	Kind, Name    string
	Namespace     string
	PrometheusURL string
	Spool         string // file of the access log
	Syslog        string // address of the access log; takes precedence
	Packaged      bool   // the unit of the packages in packaging

	interval time.Duration
	rate     float64 // target of requests per second for each pod
}

// address is where nginx serves its status page: a Unix socket, or an IP address and a port.
type address struct {
	host   string
	port   int
	socket string
}

// String returns the address as in the directive listen of nginx and in the option.
func (a address) String() string {
	if a.socket != "" {
		return "unix:" + a.socket
	}
	return net.JoinHostPort(a.host, strconv.Itoa(a.port))
}

func (a address) loopback() bool {
	ip, err := netip.ParseAddr(a.host)
	return err == nil && ip.IsLoopback()
}

// Target returns the status page as a scrape URI for an exporter on the same machine.
func (s *settings) Target() string {
	a := s.Listen
	switch a.host {
	case "":
		return a.String() + ":" + s.Path
	case netip.IPv4Unspecified().String():
		a.host = "127.0.0.1"
	case netip.IPv6Unspecified().String():
		a.host = "::1"
	}
	return "http://" + a.String() + s.Path
}

// Flags returns the flags of the exporter for the status page.
func (s *settings) Flags() string {
	flags := "--nginx.scrape-uri=" + s.Target()
	switch {
	case s.Plus:
		return "--nginx.plus " + flags
	case s.Angie:
		return flags + "/" // Angie redirects without the slash
	case s.VTS:
		return flags + vts.FormatJSON
	}
	return flags
}

// LogInput returns the value of the exporter's flag for the access log.
func (s *settings) LogInput() string {
	if s.Syslog != "" {
		return "udp://" + s.Syslog
	}
	return "spool:" + s.Spool
}

// Privileged reports whether the port of the exporter requires the capability CAP_NET_BIND_SERVICE.
func (s *settings) Privileged() bool {
	const first = 1024
	return s.Port < first
}

// Endpoints returns the exporters as targets of Prometheus.
func (s *settings) Endpoints() []string {
	var all []string
	for _, host := range s.Hosts {
		all = append(all, net.JoinHostPort(host, strconv.Itoa(s.Port)))
	}
	return all
}

// ConfigMap returns the name of the ConfigMap with the status server. It has the kind, since workloads of several kinds can have
// the same name.
func (s *settings) ConfigMap() string {
	return s.Name + "-" + strings.ToLower(s.Kind) + "-nginx-exporter-status"
}

// Interval returns the scrape interval in the notation of Prometheus.
func (s *settings) Interval() string { return model.Duration(s.interval).String() }

// Window returns the range of rate(): four scrape intervals, so that it has two samples even if scrapes fail, rounded up
// to seconds.
func (s *settings) Window() string {
	return fmt.Sprintf("%ds", s.windowSeconds())
}

func (s *settings) windowSeconds() int64 {
	const scrapes = 4
	return int64((scrapes*s.interval + time.Second - 1) / time.Second)
}

// MaxAge returns the maximum age of samples whose series prometheus-adapter lists.
func (s *settings) MaxAge() string {
	const least = 120 // seconds
	return fmt.Sprintf("%ds", max(least, s.windowSeconds()))
}

// Rate returns the target of requests per second in the notation of Kubernetes and KEDA, without an exponent.
func (s *settings) Rate() string {
	const decimals = 3
	text := strconv.FormatFloat(s.rate, 'f', decimals, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Series returns the name of the counter of requests.
func (s *settings) Series() string {
	if s.Plus {
		return "nginxplus_http_requests_total"
	}
	return "nginx_http_requests_total"
}

// Pods returns a regular expression for the names of the workload's pods.
func (s *settings) Pods() string { return PodPattern(s.Kind, s.Name) }

// PodPattern returns a regular expression for the names of the pods of a StatefulSet, ReplicaSet, or Deployment. It uses the
// alphabet of the suffixes that Kubernetes generates, which has no vowels, so that web does not match the pods of web-api.
func PodPattern(kind, name string) string {
	const suffix = "[bcdfghjklmnpqrstvwxz2456789]"
	name = strings.ReplaceAll(name, ".", "[.]")
	switch kind {
	case statefulSet:
		return name + "-[0-9]+"
	case replicaSet:
		return name + "-" + suffix + "{5}"
	}
	return name + "-" + suffix + "{1,10}-" + suffix + "{5}"
}
