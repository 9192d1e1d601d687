//go:build unix

package input

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"spool:/var/spool/nginx-exporter/access.log": {KindSpool, "/var/spool/nginx-exporter/access.log"},
		"spool:access.log":                           {KindSpool, "access.log"},
		"/var/log/nginx/access.log":                  {KindFile, "/var/log/nginx/access.log"},
		"access.log":                                 {KindFile, "access.log"},
		"udp://127.0.0.1:5514":                       {KindUDP, "127.0.0.1:5514"},
		"udp://[::1]:0":                              {KindUDP, "[::1]:0"},
		"unix:/run/nginx-exporter/log.sock":          {KindUnix, "/run/nginx-exporter/log.sock"},
	} {
		got, err := ParseAddress(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %v (%s), %v", text, got, got, err)
		}
	}
	for text, want := range map[string]Address{
		"spool:/a/../b//./log": {KindSpool, "/b/log"},
		"./a/log":              {KindFile, "a/log"},
		"unix:/run//log.sock":  {KindUnix, "/run/log.sock"},
		"unix:@a//b":           {KindUnix, "@a//b"}, // an abstract socket has a name, not a path
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "missing path", "spool:": "is not spool:PATH", "spool:///x": "is not spool:PATH", "udp:127.0.0.1:1": "is not udp://HOST:PORT",
		"udp://127.0.0.1": "is not udp://HOST:PORT", "udp://h:x": "has no port", "udp://h:65536": "has no port",
		"tcp://127.0.0.1:1": "only over UDP and Unix sockets", "syslog:server=127.0.0.1:1": "only over UDP and Unix sockets",
	} {
		if got, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v; want %q", text, got, err, want)
		}
	}
	for _, a := range []Address{{KindFile, "a"}, {KindSpool, "a"}, {KindUnix, "a"}} {
		if got := a.Resolve("/etc").Path; got != "/etc/a" {
			t.Errorf("%v: %s", a, got)
		}
	}
	if got := (Address{KindUDP, "h:1"}).Resolve("/etc").Path; got != "h:1" {
		t.Error(got)
	}
}
