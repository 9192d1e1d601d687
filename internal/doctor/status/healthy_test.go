//go:build linux

package status

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/internal/doctor"
	"nginx-exporter/internal/nginxtest"
)

// TestGoldenHealthy checks that there are no findings for targets that work.
func TestGoldenHealthy(t *testing.T) {
	for name, make := range map[string]func(*scene){
		"nginx": func(s *scene) {
			a, _ := s.nginx(statusServer)
			s.target("http://" + a + "/stub_status")
		},
		"nginx hides its version": func(s *scene) {
			a, _ := s.nginx("server_tokens off;\n" + statusServer)
			s.target("http://" + a + "/stub_status")
		},
		"proxy protocol": func(s *scene) {
			a, _ := s.nginx(strings.Replace(statusServer, "LISTEN", "LISTEN proxy_protocol", 1))
			s.target("http://" + a + "/stub_status").ProxyProtocol = true
		},
		"TLS": func(s *scene) {
			a, _ := s.nginx("server { listen LISTEN ssl; TLS location / { stub_status; } }")
			s.target("https://" + a + "/")
		},
		"plus": func(s *scene) {
			s.target(s.plus())
		},
		"angie": func(s *scene) {
			s.target(s.angie("/status/") + "/status")
		},
		"vts": func(s *scene) {
			s.target("http://" + served(s, "nginx/1.22.1", "application/json", leastVTS) + "/status/format/json")
		},
		"several": func(s *scene) {
			n := nginxtest.New(s)
			s.replace = append(s.replace, n.Dir, "/DIR")
			n.Configure(s, strings.ReplaceAll(statusServer, "LISTEN", "unix:"+n.Dir+"/n.sock"))
			n.Start(s)
			s.target("unix:" + n.Dir + "/n.sock:/stub_status")
			a, _ := s.nginx(statusServer)
			s.target("http://" + a + "/stub_status")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.options.NginxBinary = s.script("echo run >>" + filepath.Join(t.TempDir(), "run") + "\n")
			make(s)
			report := Examine(t.Context(), s.options)
			if report.Verdict() != doctor.Healthy || len(report.Codes()) > 0 {
				t.Errorf("found %v", report.Codes())
			}
			golden(t, "healthy "+name, s.text(report))
		})
	}
}

// TestOtherSystem says what is not checked without Linux.
func TestOtherSystem(t *testing.T) {
	for system, want := range map[string]bool{"darwin": true, "windows": true, "linux": false} {
		s := newScene(t)
		s.options.machine.System = system
		s.target("http://" + vacant(s) + "/stub_status")
		text := s.text(Examine(t.Context(), s.options))
		if got := strings.Contains(text, "not checked on "+system+": whether nginx is running, and where programs listen"); got != want {
			t.Errorf("%s: %v, want %v, in\n%s", system, got, want, text)
		}
	}
}

// TestGoldenSeveral checks a report with one failed target among several, and
// reports on the configuration.
func TestGoldenSeveral(t *testing.T) {
	s := newScene(t)
	s.target("http://" + vacant(s) + "/stub_status")
	a, _ := s.nginx(statusServer)
	s.target("http://" + a + "/stub_status")
	report := Examine(t.Context(), s.options)
	if codes := report.Codes(); !slices.Equal(codes, []doctor.Code{"nginx-refused"}) || report.Verdict() != doctor.Unhealthy {
		t.Errorf("found %v, %s", codes, report.Verdict())
	}
	golden(t, "several", s.text(report))

	nothing := Examine(t.Context(), Options{})
	if nothing.Verdict() != doctor.Inconclusive || !slices.Equal(nothing.Codes(), []doctor.Code{"no-targets"}) {
		t.Errorf("without targets: found %v, %s", nothing.Codes(), nothing.Verdict())
	}
	golden(t, "no targets", s.text(nothing))
	invalid := Invalid(errors.New("--nginx.timeout: 0s is not positive"))
	if invalid.Verdict() != doctor.Inconclusive {
		t.Errorf("invalid configuration: %s", invalid.Verdict())
	}
	golden(t, "invalid", s.text(invalid))
}

// TestSocketDenied opens a socket as a user without permission.
func TestSocketDenied(t *testing.T) {
	s := newScene(t)
	n := nginxtest.New(t)
	n.Configure(t, strings.ReplaceAll(statusServer, "LISTEN", "unix:"+n.Dir+"/n.sock"))
	n.Start(t)
	if err := os.Chmod(filepath.Join(n.Dir, "n.sock"), 0); err != nil { // root only
		t.Fatal(err)
	}
	s.target("unix:" + n.Dir + "/n.sock:/stub_status")
	if os.Getuid() == 0 { // which may open any socket
		effectiveUser(t, 65534)
		defer effectiveUser(t, 0)
	}
	step := newExaminer(t.Context(), s.options).examine(0)
	if len(step.Findings) != 1 || step.Findings[0].Code != "socket-denied" {
		t.Errorf("found %+v", step)
	}
}

// effectiveUser makes the whole process act as a user. The test must not run in
// parallel with others.
func effectiveUser(t *testing.T, id int) {
	t.Helper()
	const unchanged = -1
	if err := syscall.Setreuid(unchanged, id); err != nil {
		t.Fatal(err)
	}
}

// TestNameUnknown uses a reserved name that does not exist.
func TestNameUnknown(t *testing.T) {
	s := newScene(t)
	s.target("http://nginx.invalid:8080/stub_status")
	if codes := Examine(t.Context(), s.options).Codes(); !slices.Equal(codes, []doctor.Code{"name-unknown"}) {
		// Without a working resolver, the lookup times out.
		if s.options.Targets[0].Timeout = 5 * time.Second; !slices.Equal(codes, []doctor.Code{"nginx-unreachable"}) {
			t.Errorf("found %v", codes)
		}
	}
	for message, err := range map[string]*net.DNSError{
		"Host name nginx.invalid does not exist.":        {Err: "no such host", IsNotFound: true},
		"Host name nginx.invalid could not be resolved.": {Err: "server misbehaving", IsTemporary: true},
	} {
		o := &observation{response: &response{options: s.options.Targets[0], err: &client.Error{Reason: client.ReasonDNS, Err: err}}}
		if f := o.nameUnknown(); f == nil || f.Message != message {
			t.Errorf("%v: %+v", err, f)
		}
	}
}

// TestTime checks that an examination ends although all targets hang.
func TestTime(t *testing.T) {
	s := newScene(t)
	for range 9 {
		o := s.target("http://" + s.accept(func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)); _, _ = conn.Read(make([]byte, 1)) }) + "/stub_status")
		o.Timeout = 200 * time.Millisecond
	}
	report := Examine(t.Context(), s.options)
	if len(report.Codes()) != 9 {
		t.Errorf("found %v", report.Codes())
	}
}
