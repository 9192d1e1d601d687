package snippet

import (
	"errors"
	"net/netip"
	"net/url"
	gopath "path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Names of options.
const (
	listen            = "listen"
	path              = "path"
	allow             = "allow"
	port              = "port"
	host              = "host"
	scrapeInterval    = "scrape-interval"
	isPlus            = "plus"
	workload          = "workload"
	namespace         = "namespace"
	prometheusURL     = "prometheus-url"
	requestsPerSecond = "requests-per-second"
)

// Option is what a snippet can be told.
type Option struct {
	// Name and Help are those of the flag.
	Name, Help string
	// Repeats says that it can have several values, Switch that it has none.
	Repeats, Switch bool

	set   func(f *facts, value string) error
	clear func(f *facts) // takes away the default of what repeats
}

// Options lists the options of all snippets.
func Options() []Option {
	return []Option{
		{
			Name: listen, set: setListen,
			Help: "Where NGINX serves its status: IP:PORT, 127.0.0.1:8080 by default, or unix:/PATH.",
		},
		{Name: path, Help: "Path of the status page; /stub_status by default, /api for NGINX Plus.", set: setPath},
		{
			Name: allow, Repeats: true, set: setAllow, clear: func(f *facts) { f.Allow = nil },
			Help: "Who may ask for the status besides loopback: IP or network, as in 10.0.0.0/8. Can be repeated.",
		},
		{Name: port, Help: "Port of the exporter's metrics, 9113 by default.", set: setPort},
		{
			Name: host, Repeats: true, set: setHost, clear: func(f *facts) { f.Hosts = nil },
			Help: "Machine of the exporter, as Prometheus reaches it; 127.0.0.1 by default. Can be repeated.",
		},
		{Name: scrapeInterval, Help: "How often Prometheus scrapes, 15s by default. Rates look back four times as long.", set: setInterval},
		{Name: isPlus, Switch: true, Help: "NGINX is NGINX Plus.", set: func(f *facts, _ string) error {
			f.Plus = true
			return nil
		}},
		{Name: workload, Help: "What runs the pods: deployment/web by default, or another deployment, statefulset or replicaset.", set: setWorkload},
		{Name: namespace, Help: "Its namespace.", set: setNamespace},
		{Name: prometheusURL, Help: "Prometheus, as KEDA reaches it; http://prometheus-operated.monitoring.svc:9090 by default.", set: setPrometheusURL},
		{Name: requestsPerSecond, Help: "Requests per second that one pod should serve, 100 by default.", set: setLimit},
	}
}

// plainPath matches paths that mean themselves to nginx, systemd, shells and
// YAML alike.
func plainPath(p string) bool {
	return regexp.MustCompile(`^(/[A-Za-z0-9._~+@-]+)+$`).MatchString(p) && gopath.Clean(p) == p
}

// label matches what names objects of Kubernetes; it is short enough for the
// names that are made from it.
func label(name string, also string) bool {
	const longest = 63
	return len(name) <= longest && regexp.MustCompile(`^[a-z0-9]([a-z0-9`+also+`-]*[a-z0-9])?$`).MatchString(name)
}

func setListen(f *facts, value string) error {
	if socket, found := strings.CutPrefix(value, "unix:"); found {
		// sun_path has room for so many bytes and a zero.
		const longest = 107
		if !plainPath(socket) || len(socket) > longest {
			return errors.New("is no socket, such as unix:/run/nginx-status.sock")
		}
		f.Listen = address{socket: socket}
		return nil
	}
	a, err := netip.ParseAddrPort(value)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
		return errors.New("is no address, such as 127.0.0.1:8080 or [::1]:8080")
	}
	f.Listen = address{host: a.Addr().Unmap().String(), port: int(a.Port())}
	return nil
}

func setPath(f *facts, value string) error {
	if !plainPath(value) {
		return errors.New("is no plain path, such as /stub_status")
	}
	f.Path = value
	return nil
}

func setAllow(f *facts, value string) error {
	// nginx complains of bits below the mask.
	if network, err := netip.ParsePrefix(value); err == nil {
		f.Allow = append(f.Allow, network.Masked().String())
		return nil
	}
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		return errors.New("is neither an IP nor a network, such as 10.0.0.0/8")
	}
	f.Allow = append(f.Allow, a.Unmap().String())
	return nil
}

func setPort(f *facts, value string) error {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return errors.New("is no port, 1 to 65535")
	}
	f.Port = int(n)
	return nil
}

func setHost(f *facts, value string) error {
	if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil && a.Zone() == "" {
		f.Hosts = append(f.Hosts, a.String())
		return nil
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`).MatchString(value) {
		return errors.New("is no name or IP of a machine; the port goes into --port")
	}
	f.Hosts = append(f.Hosts, value)
	return nil
}

// setInterval has an upper bound, as Prometheus takes a series that had no
// sample for five minutes for gone.
func setInterval(f *facts, value string) error {
	const shortest, longest = time.Second, 5 * time.Minute
	d, err := model.ParseDuration(value)
	if err != nil {
		return errors.New("is no duration with a unit, such as 15s")
	}
	f.interval = time.Duration(d)
	if f.interval < shortest || f.interval > longest {
		return errors.New("is not within 1s and 5m")
	}
	return nil
}

func setWorkload(f *facts, value string) error {
	kind, name, _ := strings.Cut(value, "/")
	known, found := map[string]string{"deployment": deployment, "statefulset": statefulSet, "replicaset": replicaSet}[strings.ToLower(kind)]
	if !found || !label(name, ".") {
		return errors.New("is not deployment/NAME, statefulset/NAME or replicaset/NAME")
	}
	f.Kind, f.Name = known, name
	return nil
}

func setNamespace(f *facts, value string) error {
	if !label(value, "") {
		return errors.New("is no name of a namespace")
	}
	f.Namespace = value
	return nil
}

func setPrometheusURL(f *facts, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(value, "?# ") {
		return errors.New("is no plain URL, such as http://prometheus.monitoring.svc:9090")
	}
	f.PrometheusURL = value
	return nil
}

func setLimit(f *facts, value string) error {
	const least, most = 0.001, 1e9
	limit, err := strconv.ParseFloat(value, 64)
	if err != nil || !(limit >= least && limit <= most) {
		return errors.New("is no number within 0.001 and 1000000000")
	}
	f.limit = limit
	return nil
}
