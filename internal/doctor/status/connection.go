package status

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
)

// nameOf knows what is wrong with the name of the host.
func nameOf(_ context.Context, s *sight) *doctor.Finding {
	var dns *net.DNSError
	if !errors.As(s.err, &dns) {
		return nil
	}
	says := "the name " + short(s.target().Host()) + " has no address"
	if !dns.IsNotFound {
		says = "the name " + short(s.target().Host()) + " could not be looked up"
	}
	return &doctor.Finding{
		Code: "name-unknown", Message: says,
		Evidence: []doctor.Evidence{{Name: "the resolver says", Value: short(dns.Err)}},
		Fix:      []string{"correct the host in the target; for nginx in the same pod or on the same machine it is 127.0.0.1"},
	}
}

// socket knows what is wrong with Unix sockets.
func (e *examiner) socket(ctx context.Context, s *sight) *doctor.Finding {
	path := s.target().Socket()
	if path == "" || strings.HasPrefix(path, "@") || s.look != nil {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(s.err, os.ErrPermission):
		return socketDenied(path, info)
	case errors.Is(err, os.ErrNotExist):
		if f := e.elsewhere(ctx, s, "there is no socket "+path); f != nil {
			return f
		}
		return &doctor.Finding{
			Code: "socket-missing", Message: "there is no socket " + path,
			Fix: []string{
				"let nginx listen there, as this tells: " + e.snippetCommand(s),
				"in a pod, mount one emptyDir into both containers",
			},
		}
	case err == nil && info.Mode().Type() != os.ModeSocket:
		return &doctor.Finding{
			Code: "socket-other", Message: path + " is no socket",
			Evidence: []doctor.Evidence{{Name: "it is", Value: info.Mode().String()}},
			Fix:      []string{"name the socket itself: unix:/PATH/OF.sock:" + s.target().Path()},
		}
	case errors.Is(s.err, syscall.ECONNREFUSED):
		if f := e.elsewhere(ctx, s, "nobody listens at "+path); f != nil {
			return f
		}
		return &doctor.Finding{
			Code: "socket-stale", Message: "nobody listens at " + path + ": what made the socket has ended",
			Evidence: []doctor.Evidence{{Name: "made", Value: info.ModTime().UTC().Format(time.RFC3339)}},
			Fix:      []string{"start nginx; if it complains of an address in use, remove the socket before: rm " + path},
		}
	}
	return nil
}

func socketDenied(path string, info os.FileInfo) *doctor.Finding {
	f := &doctor.Finding{
		Code: "socket-denied", Message: "this user may not open " + path,
		Evidence: []doctor.Evidence{{Name: "this user", Value: fmt.Sprintf("user %d, group %d", os.Getuid(), os.Getgid())}},
		Fix: []string{
			"run the exporter in a group that may write to the socket, or chmod it after nginx has started; the folders above it need x",
			"in a pod, give both containers one runAsUser, or the exporter the group of nginx",
		},
	}
	if info != nil {
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "the socket", Value: info.Mode().String() + ", " + owner(info)})
	}
	return f
}

// refused knows why nobody listens at an address.
func (e *examiner) refused(ctx context.Context, s *sight) *doctor.Finding {
	if !errors.Is(s.err, syscall.ECONNREFUSED) || s.target().Socket() != "" {
		return nil
	}
	place := net.JoinHostPort(s.target().Host(), s.target().Port())
	if f := e.otherAddress(ctx, s); f != nil {
		return f
	}
	if f := e.elsewhere(ctx, s, "nobody listens at "+place); f != nil {
		return f
	}
	here, known := listeners(e.Machine.Proc)
	here = e.others(here)
	f := &doctor.Finding{Code: "nginx-refused", Message: "nobody listens at " + place}
	if known && isLocal(s.target().Host()) {
		text := list(here)
		if len(here) == 0 {
			text = "nobody"
		}
		f.Evidence = append(f.Evidence, doctor.Evidence{Name: "who listens here", Value: text})
	}
	if e.inPod() && known && len(here) == 0 && isLocal(s.target().Host()) {
		f.Code, f.Message = "pod-network", f.Message+", nor anywhere else in this pod: nginx is not up yet, or runs in another pod or network"
		f.Fix = []string{
			"put the exporter into the pod of nginx (nginx-exporter inject does), with hostNetwork the same for both",
			"if they are in one pod, look at the container of nginx: kubectl logs POD -c nginx",
		}
		return f
	}
	f.Fix = []string{"start nginx, and let it listen there, as this tells: " + e.snippetCommand(s)}
	return e.hint(ctx, s, f)
}

// inPod reports whether this is a container of Kubernetes.
func (e *examiner) inPod() bool { return e.Machine.Env("KUBERNETES_SERVICE_HOST") != "" }

// here reports whether the target is on this machine, or in this pod.
func (s *sight) here() bool { return s.target().Socket() != "" || isLocal(s.target().Host()) }

// hint adds what would let the doctor see more.
func (e *examiner) hint(ctx context.Context, s *sight, f *doctor.Finding) *doctor.Finding {
	if !s.here() {
		return f
	}
	if p := e.nginx(ctx); p != nil && p.denied {
		f.Fix = append(f.Fix, "or run this as root, to have the configuration of nginx looked at")
	}
	return f
}

// snippetCommand is what prints a status server for the target.
func (e *examiner) snippetCommand(s *sight) string {
	switch socket := s.target().Socket(); {
	case socket != "":
		return "nginx-exporter snippet nginx-unix --listen=unix:" + socket
	case !s.here():
		// It has to listen where others reach it, and to let them in.
		allow := "ADDRESS-OF-THE-EXPORTER"
		if s.look != nil {
			if a, isTCP := s.look.Local.(*net.TCPAddr); isTCP {
				allow = a.IP.String()
			}
		}
		return "nginx-exporter snippet nginx --listen=0.0.0.0:" + s.target().Port() + " --allow=" + allow
	case e.inPod():
		return "nginx-exporter snippet kubernetes --listen=" + e.snippetListen(s)
	}
	return "nginx-exporter snippet nginx --listen=" + e.snippetListen(s)
}

// snippetListen is the address of the target if snippet takes it, else the
// usual one.
func (e *examiner) snippetListen(s *sight) string {
	if a, err := netip.ParseAddr(s.target().Host()); err == nil && a.IsLoopback() {
		return net.JoinHostPort(a.String(), s.target().Port())
	}
	return "127.0.0.1:" + s.target().Port()
}

// others leaves out where the exporter itself listens.
func (e *examiner) others(all []netip.AddrPort) []netip.AddrPort {
	var left []netip.AddrPort
	for _, a := range all {
		if !e.own(strconv.Itoa(int(a.Port()))) {
			left = append(left, a)
		}
	}
	return left
}

// own reports whether the exporter listens at the port.
func (e *examiner) own(port string) bool {
	for _, listen := range e.Listen {
		if _, own, err := net.SplitHostPort(listen); err == nil && own == port {
			return true
		}
	}
	return false
}

func isLocal(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// otherAddress looks for the page at the same port of other addresses of this
// machine: of the other loopback, or of an address of the network.
func (e *examiner) otherAddress(ctx context.Context, s *sight) *doctor.Finding {
	if !isLocal(s.target().Host()) || s.target().Socket() != "" {
		return nil
	}
	scheme := "http"
	if s.target().TLS() {
		scheme = "https"
	}
	hosts := []string{"127.0.0.1", "::1"}
	here, _ := listeners(e.Machine.Proc)
	for _, a := range here {
		if strconv.Itoa(int(a.Port())) == s.target().Port() && !a.Addr().IsUnspecified() && len(hosts) < maxTrials {
			hosts = append(hosts, a.Addr().String())
		}
	}
	for _, host := range hosts {
		o, ok := e.with(s, s.uri(scheme, host))
		if !ok || host == s.target().Host() {
			continue
		}
		if other := ask(ctx, o, mostForTrial); other.healthy() {
			return &doctor.Finding{
				Code:     "listen-address",
				Message:  fmt.Sprintf("nginx serves its status at %s, and the exporter asks %s", net.JoinHostPort(host, s.target().Port()), s.target().Host()),
				Evidence: []doctor.Evidence{other.tried(o.Target.String())},
				Fix:      e.settings(&o),
			}
		}
	}
	return nil
}

// unreachable knows addresses to which no connection comes about.
func (e *examiner) unreachable(ctx context.Context, s *sight) *doctor.Finding {
	if s.look != nil || s.target().Socket() != "" {
		return nil
	}
	place := net.JoinHostPort(s.target().Host(), s.target().Port())
	says := ""
	switch {
	case errors.Is(s.err, syscall.EHOSTUNREACH), errors.Is(s.err, syscall.ENETUNREACH), errors.Is(s.err, syscall.EADDRNOTAVAIL):
		says = "there is no way to " + place
	case s.reason() == client.ReasonTimeout && !connects(ctx, place):
		says = "nothing answers at " + place + ", not even with a refusal"
	default:
		return nil
	}
	return &doctor.Finding{
		Code: "nginx-unreachable", Message: says,
		Fix: []string{"check the address, and what may drop packets on the way: firewalls, NetworkPolicies, security groups"},
	}
}

// connects reports whether a connection comes about.
func connects(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: mostForTrial}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was written
	return true
}

// slow knows servers that take their time, or for ever.
func (e *examiner) slow(ctx context.Context, s *sight) *doctor.Finding {
	if s.reason() != client.ReasonTimeout {
		return nil
	}
	const patience = 3 * time.Second
	o := s.options
	o.Timeout += patience
	if later := ask(ctx, o, o.Timeout); later.healthy() {
		const margin = 2
		wanted := (later.took * margin).Round(time.Second) + time.Second
		return &doctor.Finding{
			Code:     "nginx-slow",
			Message:  fmt.Sprintf("nginx answers after %s, and the exporter waits %s", later.took.Round(time.Millisecond), s.options.Timeout),
			Evidence: []doctor.Evidence{later.tried("with more time")},
			Fix:      []string{e.setting("--nginx.timeout="+wanted.String(), "timeout: "+wanted.String()) + ", if Prometheus waits so long", "or find out what keeps nginx busy"},
		}
	}
	return &doctor.Finding{
		Code: "nginx-hangs", Message: fmt.Sprintf("the connection is accepted, and then nothing comes within %s", s.options.Timeout),
		Fix: []string{"look at the server there: workers of nginx that are stopped, blocked by a disk or out of connections, or another program at this port"},
	}
}

// hungUp reports whether the other side closed the connection without an answer.
func (s *sight) hungUp() bool {
	return s.look == nil && (errors.Is(s.err, io.EOF) || errors.Is(s.err, io.ErrUnexpectedEOF) || errors.Is(s.err, syscall.ECONNRESET) || errors.Is(s.err, syscall.EPIPE))
}

// closed knows servers that hang up. What could be the reason was tried before.
func closed(_ context.Context, s *sight) *doctor.Finding {
	if !s.hungUp() {
		return nil
	}
	return &doctor.Finding{
		Code: "connection-closed", Message: "the connection is accepted and closed without an answer",
		Evidence: []doctor.Evidence{{Name: "tried", Value: "TLS, a PROXY protocol header, other Host headers: no better"}},
		Fix:      []string{"look for \"return 444\" in the server that answers there, and into the error log of nginx"},
	}
}
