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
	spool             = "spool"
	syslog            = "syslog"
)

// Option is a flag of snippets.
type Option struct {
	Name, Help string
	Repeats    bool // can have several values
	Switch     bool // has no value

	set   func(s *settings, value string) error
	clear func(s *settings) // removes the default of an option that repeats
}

// Options lists the options of all snippets.
func Options() []Option {
	return []Option{
		{
			Name: listen, set: setListen,
			Help: "Address of the NGINX status page: IP:PORT (default 127.0.0.1:8080; NGINX Plus: 127.0.0.1:8081; kubernetes: 127.0.0.1:18080) or unix:/PATH.",
		},
		{Name: path, Help: "Path of the status page (default /stub_status, /api for NGINX Plus).", set: setPath},
		{
			Name: allow, Repeats: true, set: setAllow, clear: func(s *settings) { s.Allow = nil },
			Help: "IP address or network allowed to read the status page besides loopback, as in 10.0.0.0/8. Repeatable.",
		},
		{Name: port, Help: "Port of the exporter (default 9113).", set: setPort},
		{
			Name: host, Repeats: true, set: setHost, clear: func(s *settings) { s.Hosts = nil },
			Help: "Host of the exporter, as Prometheus reaches it (default 127.0.0.1). Repeatable.",
		},
		{Name: scrapeInterval, Help: "Scrape interval of Prometheus (default 15s). Rates cover four intervals.", set: setInterval},
		{Name: isPlus, Switch: true, Help: "Use the API of NGINX Plus.", set: func(s *settings, _ string) error {
			s.Plus = true
			return nil
		}},
		{Name: workload, Help: "Workload of the pods: deployment/NAME, statefulset/NAME or replicaset/NAME (default deployment/web).", set: setWorkload},
		{Name: namespace, Help: "Namespace of the workload.", set: setNamespace},
		{Name: prometheusURL, Help: "URL of Prometheus, as KEDA reaches it (default http://prometheus-operated.monitoring.svc:9090).", set: setPrometheusURL},
		{Name: spool, Help: "File that nginx appends the access log to, and the exporter empties (default " + spoolFile + ").", set: setSpool},
		{Name: syslog, Help: "UDP address of the exporter for the access log, IP:PORT, instead of a file.", set: setSyslog},
		{Name: requestsPerSecond, Help: "Target of requests per second for each pod (default 100).", set: setRate},
	}
}

// plainPath reports whether a path needs no quotes or escapes in nginx, systemd, shells and YAML.
func plainPath(p string) bool {
	return regexp.MustCompile(`^(/[A-Za-z0-9._~+@-]+)+$`).MatchString(p) && gopath.Clean(p) == p
}

// label reports whether a name is valid for an object of Kubernetes, and short enough for names derived from it. Extra has
// characters that are also allowed within it.
func label(name, extra string) bool {
	const longest = 63
	return len(name) <= longest && regexp.MustCompile(`^[a-z0-9]([a-z0-9`+extra+`-]*[a-z0-9])?$`).MatchString(name)
}

func setListen(s *settings, value string) error {
	if socket, found := strings.CutPrefix(value, "unix:"); found {
		// The length of sun_path in unix(7), without the terminating zero.
		const longest = 107
		if !plainPath(socket) || len(socket) > longest {
			return errors.New("is not a valid socket, such as unix:/run/nginx-status.sock")
		}
		s.Listen = address{socket: socket}
		return nil
	}
	a, err := netip.ParseAddrPort(value)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
		return errors.New("is not a valid address, such as 127.0.0.1:8080 or [::1]:8080")
	}
	s.Listen = address{host: a.Addr().Unmap().String(), port: int(a.Port())}
	return nil
}

func setPath(s *settings, value string) error {
	if !plainPath(value) {
		return errors.New("is not a plain path, such as /stub_status")
	}
	s.Path = value
	return nil
}

func setAllow(s *settings, value string) error {
	// nginx warns about host bits that are set.
	if network, err := netip.ParsePrefix(value); err == nil {
		s.Allow = append(s.Allow, network.Masked().String())
		return nil
	}
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		return errors.New("is neither an IP address nor a network, such as 10.0.0.0/8")
	}
	s.Allow = append(s.Allow, a.Unmap().String())
	return nil
}

func setPort(s *settings, value string) error {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return errors.New("is not a port between 1 and 65535")
	}
	s.Port = int(n)
	return nil
}

func setHost(s *settings, value string) error {
	if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil && a.Zone() == "" {
		s.Hosts = append(s.Hosts, a.String())
		return nil
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`).MatchString(value) {
		return errors.New("is not a host name or IP address; set the port with --port")
	}
	s.Hosts = append(s.Hosts, value)
	return nil
}

// setInterval limits the interval to the lookback period of Prometheus, five minutes, after which a series is stale.
func setInterval(s *settings, value string) error {
	const shortest, longest = time.Second, 5 * time.Minute
	d, err := model.ParseDuration(value)
	if err != nil {
		return errors.New("is not a duration with a unit, such as 15s")
	}
	s.interval = time.Duration(d)
	if s.interval < shortest || s.interval > longest {
		return errors.New("is not between 1s and 5m")
	}
	return nil
}

func setWorkload(s *settings, value string) error {
	kind, name, _ := strings.Cut(value, "/")
	known, found := map[string]string{"deployment": deployment, "statefulset": statefulSet, "replicaset": replicaSet}[strings.ToLower(kind)]
	if !found || !label(name, ".") {
		return errors.New("is not deployment/NAME, statefulset/NAME or replicaset/NAME")
	}
	s.Kind, s.Name = known, name
	return nil
}

func setNamespace(s *settings, value string) error {
	if !label(value, "") {
		return errors.New("is not a valid namespace")
	}
	s.Namespace = value
	return nil
}

func setPrometheusURL(s *settings, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(value, "?# ") {
		return errors.New("is not a plain URL, such as http://prometheus.monitoring.svc:9090")
	}
	s.PrometheusURL = value
	return nil
}

func setRate(s *settings, value string) error {
	const least, most = 0.001, 1e9
	rate, err := strconv.ParseFloat(value, 64)
	if err != nil || !(rate >= least && rate <= most) {
		return errors.New("is not a number between 0.001 and 1000000000")
	}
	s.rate = rate
	return nil
}

func setSpool(s *settings, value string) error {
	if !plainPath(value) {
		return errors.New("is not a plain path, such as " + spoolFile)
	}
	if strings.HasPrefix(value, "/dev/") && !strings.HasPrefix(value, "/dev/shm/") {
		return errors.New("is a pipe or device, which cannot be a spool file: nginx stops serving when a pipe is full")
	}
	s.Spool = value
	return nil
}

func setSyslog(s *settings, value string) error {
	a, err := netip.ParseAddrPort(value)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
		return errors.New("is not a valid address, such as 127.0.0.1:9514")
	}
	s.Syslog = a.String()
	return nil
}
