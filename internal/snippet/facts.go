package snippet

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

const (
	stubStatus   = "/stub_status"
	plusAPI      = "/api"
	exporterPort = 9113

	deployment  = "Deployment"
	statefulSet = "StatefulSet"
	replicaSet  = "ReplicaSet"
)

// facts are what the templates read.
type facts struct {
	Listen        address
	Path          string
	Allow         []string
	Port          int
	Hosts         []string
	Plus          bool
	Kind, Name    string
	Namespace     string
	PrometheusURL string

	interval time.Duration
	limit    float64
}

// address is where nginx serves its status: a socket, or host and port.
type address struct {
	host   string
	port   int
	socket string
}

// String is the address as nginx's listen takes it, and as the option does.
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

// Target is the status page as the exporter takes it, on the same machine.
func (f *facts) Target() string {
	a := f.Listen
	switch a.host {
	case "":
		return a.String() + ":" + f.Path
	case netip.IPv4Unspecified().String():
		a.host = "127.0.0.1"
	case netip.IPv6Unspecified().String():
		a.host = "::1"
	}
	return "http://" + a.String() + f.Path
}

// Flags tell the exporter of the status page.
func (f *facts) Flags() string {
	flags := "--nginx.scrape-uri=" + f.Target()
	if f.Plus {
		return "--nginx.plus " + flags
	}
	return flags
}

// Privileged says that the exporter's port needs a right.
func (f *facts) Privileged() bool {
	const first = 1024
	return f.Port < first
}

// Endpoints are the exporters, for Prometheus.
func (f *facts) Endpoints() []string {
	var all []string
	for _, host := range f.Hosts {
		all = append(all, net.JoinHostPort(host, strconv.Itoa(f.Port)))
	}
	return all
}

// Interval is that of the scrapes, as Prometheus writes it.
func (f *facts) Interval() string { return model.Duration(f.interval).String() }

// Window is what a rate looks back: four scrapes, so that two are there when
// others fail. Whole seconds, rounded up.
func (f *facts) Window() string {
	return fmt.Sprintf("%ds", f.windowSeconds())
}

func (f *facts) windowSeconds() int64 {
	const scrapes = 4
	return int64((scrapes*f.interval + time.Second - 1) / time.Second)
}

// MaxAge is how old a sample may be for prometheus-adapter to list its series.
func (f *facts) MaxAge() string {
	const least = 120 // seconds
	return fmt.Sprintf("%ds", max(least, f.windowSeconds()))
}

// Limit is a number as Kubernetes and KEDA read it: never 1e+06.
func (f *facts) Limit() string {
	const decimals = 3
	text := strconv.FormatFloat(f.limit, 'f', decimals, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Series is the counter of requests.
func (f *facts) Series() string {
	if f.Plus {
		return "nginxplus_http_requests_total"
	}
	return "nginx_http_requests_total"
}

// Pods matches the names of the workload's pods. The alphabet of Kubernetes'
// suffixes has no vowels and none of 0, 1, 3, so web does not match the pods
// of web-api.
func (f *facts) Pods() string {
	const suffix = "[bcdfghjklmnpqrstvwxz2456789]"
	name := strings.ReplaceAll(f.Name, ".", "[.]")
	switch f.Kind {
	case statefulSet:
		return name + "-[0-9]+"
	case replicaSet:
		return name + "-" + suffix + "{5}"
	}
	return name + "-" + suffix + "{1,10}-" + suffix + "{5}"
}
