//go:build linux

package status

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/nginxconf"
	"nginx-exporter/internal/nginxtest"
)

const dumped = `# configuration file /etc/nginx/nginx.conf:
user www-data; # a comment with { and ;
http {
    allow 192.0.2.0/24;
    map $http_x $y { default ""; "~^a{2}$" "}"; }
    include conf.d/*.conf;
    include /etc/nginx/sites/one;
    server {
        listen [::]:80 default_server;
        listen 8443 ssl;
        location / {
            content_by_lua_block { if x then return "}" .. '{' end }
            location = /status { stub_status on; }
        }
    }
}
stream { server { listen 99; } }

# configuration file /etc/nginx/conf.d/a.conf:
server {
    server_name _ *.example status.example;
    listen unix:/run/n.sock proxy_protocol;
    listen 80;
    "location" ^~ "/a\"b" { stub_status; allow 127.0.0.1; deny all; }
    location ~ ^/re${x}gex$ { api write=off; }
}
# configuration file /etc/nginx/sites/one:
server { location @named { stub_status; } location =/x { api; } ssl on; }
# configuration file /etc/nginx/conf.d/not/included:
server { location /never { stub_status; } }
`

// TestLocations checks the status pages found in a configuration.
func TestLocations(t *testing.T) {
	var have []string
	all := statusLocations(servers(nginxconf.ParseDump(dumped).Directives()))
	for i := range all {
		l := &all[i]
		have = append(have, fmt.Sprintf("%s plus=%t host=%q proxy=%t %v %s", l.uri(), l.plus, l.host(), l.listen.ProxyProtocol, l.rules, l.file))
	}
	const a, one, main = "/etc/nginx/conf.d/a.conf", "/etc/nginx/sites/one", "/etc/nginx/nginx.conf"
	want := []string{
		`unix:/run/n.sock:/a"b plus=false host="" proxy=true [allow 127.0.0.1 deny all] ` + a,
		`http://127.0.0.1:80/a"b plus=false host="" proxy=false [allow 127.0.0.1 deny all] ` + a,
		`unix:/run/n.sock: plus=true host="" proxy=true [allow 192.0.2.0/24] ` + a,
		`http://127.0.0.1:80 plus=true host="" proxy=false [allow 192.0.2.0/24] ` + a,
		`https://127.0.0.1:80 plus=false host="" proxy=false [allow 192.0.2.0/24] ` + one,
		`https://127.0.0.1:80/x plus=true host="" proxy=false [allow 192.0.2.0/24] ` + one,
		`http://[::1]:80/status plus=false host="" proxy=false [allow 192.0.2.0/24] ` + main,
		`https://127.0.0.1:8443/status plus=false host="" proxy=false [allow 192.0.2.0/24] ` + main,
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have:\n%s\nwant:\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// TestRealDump parses the output of a real nginx.
func TestRealDump(t *testing.T) {
	n := nginxtest.New(t)
	n.Configure(t, "server { listen 127.0.0.1:8099; server_name a; return 404; }\nserver { listen 127.0.0.1:8099; server_name b; location = '/odd path' { stub_status; } }")
	b := inspect(t.Context(), n.Program(t), nil)
	if !b.hasConfig || !b.hasBuild || !b.hasModule || len(b.locations) != 1 {
		t.Fatalf("read %+v", b)
	}
	if l := &b.locations[0]; l.uri() != "http://127.0.0.1:8099/odd path" || l.host() != "b" || l.file != n.Dir+"/conf.d/test.conf" {
		t.Errorf("read %+v", l)
	}
}

// FuzzDump checks that the parser accepts any text, and that it finds no location
// without a directive of that name.
func FuzzDump(f *testing.F) {
	f.Add(dumped)
	f.Add("# configuration file a:\ninclude a; include *;\n# configuration file b:\ninclude *;")
	f.Add("# configuration file a:\nhttp{server{listen 1;location /{stub_status;}}")
	f.Add(strings.Repeat("# configuration file a:\nhttp { ", 3) + strings.Repeat("{", 100) + `"\`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range statusLocations(servers(nginxconf.ParseDump(text).Directives())) {
			_, _ = l.uri(), l.host()
			if !strings.Contains(text, "stub_status") && !strings.Contains(text, "api") && !strings.Contains(text, `\`) {
				t.Errorf("found %+v", l)
			}
		}
	})
}

// TestHugeDumps checks that parsing takes linear time: quadratic time would be an
// hour for this size.
func TestHugeDumps(t *testing.T) {
	const size, patience = 1 << 20, 10 * time.Minute // on a busy machine
	for name, one := range map[string][2]string{
		"files":     {"", "\n# configuration file f%d:\ninclude *;"},
		"nesting":   {"", "a{"},
		"servers":   {"http{", "server{location /{stub_status;}}"},
		"addresses": {"http{server{", "stub_status;listen 1;"},
		"code":      {"", `x_by_lua_block{{"`},
	} {
		var text strings.Builder
		text.WriteString("# configuration file a:\n" + one[0])
		for i := 0; text.Len() < size; i++ {
			text.WriteString(strings.Replace(one[1], "%d", strconv.Itoa(i), 1))
		}
		began := time.Now()
		if found := statusLocations(servers(nginxconf.ParseDump(text.String()).Directives())); len(found) > maxLocations || time.Since(began) > patience {
			t.Errorf("%s: %d locations after %s", name, len(found), time.Since(began))
		}
	}
}

// TestEmergency checks that only names of directives are quoted.
func TestEmergency(t *testing.T) {
	for messages, want := range map[string]string{
		"nginx: [emerg] unknown directive \"stub_status\" in /etc/n.conf:3\n":                                          `unknown directive "stub_status" in /etc/n.conf:3`,
		"nginx: [warn] x\nnginx: [emerg] invalid value \"" + secret + "\" in \"x\" in /a b:1":                          `invalid value "..."`,
		"2026/01/02 03:04:05 [emerg] 12#12: host not found in upstream \"" + secret + "\" in /c:9\nnginx: test failed": `host not found in upstream "..." in /c:9`,
		"something else": "",
	} {
		if have := emergency(messages); have != want {
			t.Errorf("%q: %q, not %q", messages, have, want)
		}
	}
}

// TestListeners checks how /proc/net/tcp is decoded.
func TestListeners(t *testing.T) {
	s := newScene(t)
	if _, known := listeners(s.options.machine.Proc); known {
		t.Error("a missing list is known")
	}
	s.listens("127.0.0.1:8080", "0.0.0.0:80", "[::1]:81", "[::]:9113")
	have, known := listeners(s.options.machine.Proc)
	if text := join(have); !known || text != "0.0.0.0:80, 127.0.0.1:8080, [::]:9113, [::1]:81" {
		t.Errorf("read %s", text)
	}
	for _, line := range []string{"", "1: 0100007F:1F90 0:0 01", "1: x:1F90 0:0 0A", "1: 0100007F:x 0:0 0A", "1: 0100:1F90 0:0 0A", "1: 010000:1F90 0:0 0A"} {
		if a, ok := listener(line); ok {
			t.Errorf("%q is %s", line, a)
		}
	}
}
