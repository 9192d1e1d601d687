package inject

import (
	"reflect"
	"strings"
	"testing"
)

// TestReadConf checks what is read from configurations of nginx.
func TestReadConf(t *testing.T) {
	for _, c := range []struct {
		name, text  string
		dirs, pages []string
	}{
		{"the default", "user nginx;\nevents {\n  worker_connections 1024;\n}\nhttp {\n  include /etc/nginx/mime.types;\n  include /etc/nginx/conf.d/*.conf;\n}\n", []string{"/etc/nginx/conf.d"}, nil},
		{"relative and quoted", `http{include "conf.d/*.conf";include 'sites/*';}`, []string{"/etc/nginx/conf.d", "/etc/nginx/sites"}, nil},
		{"comments", "http {\n#include /a/*.conf;\n  include /b/*.conf; # include /c/*.conf;\n}", []string{"/b"}, nil},
		{"other blocks", "include /m/*.conf;\nstream { include /s/*.conf; }\nhttp { server { include /v/*.conf; location / { include /l/*.conf; } } }", nil, nil},
		{"patterns that do not fit", "http { include /a/*.vhost; include /b/default.conf; include /c/*/*.conf; include /d/nginx-*.conf; include /e/[; }", []string{"/d"}, nil},
		{"braces and quotes in values", "http { log_format a '{\"b\": \"$c\"}'; map $a ${b} { default 1; } set $x ${y}z; include /a/*.conf; }", []string{"/a"}, nil},
		{"unbalanced", "} http { include /a/*.conf; } } { ; \"", []string{"/a"}, nil},
		{"a page", "server { listen 8080; location = /nginx_status { stub_status; } }", nil, []string{"http://127.0.0.1:8080/nginx_status"}},
		{
			"pages by address", "server { listen unix:/run/n.sock; location /s { stub_status on; } }\n" +
				"server { listen 10.0.0.1:81 default_server; location ^~ /s { stub_status; } }\n" +
				"server { listen [::]:82; location ~ s$ { stub_status; } }\n" +
				"server { listen *:83; location /s { stub_status; } }\n" +
				"server { listen localhost; location /s { stub_status; } }\n" +
				"server { location /s { stub_status; } }",
			nil,
			[]string{"unix:/run/n.sock:/s", "http://10.0.0.1:81/s", "http://[::1]:82/", "http://127.0.0.1:83/s", "http://localhost:80/s", "http://127.0.0.1:80/s"},
		},
		{
			"pages by what is around them", "server { location ~ ^/s$ { if ($a) { return 403; } stub_status; } listen 81 ssl; }\n" +
				`server { listen 82; location "/a\"b" { stub_status; } }` + "\nlocation /s { stub_status; }",
			nil,
			[]string{"https://127.0.0.1:81/s", `http://127.0.0.1:82/a"b`, "http://127.0.0.1:80/s"},
		},
		{"code in Lua", "http { init_by_lua_block { local a = '}' -- } \"\n} include /a/*.conf; }", []string{"/a"}, nil},
		{"not a configuration", "a: b\n- c\n{{ .Values.x }}", nil, nil},
		{"nothing", "", nil, nil},
	} {
		read := readConf(c.text)
		if dirs := read.dirs("/etc/nginx", []string{statusFile}); !reflect.DeepEqual(dirs, c.dirs) {
			t.Errorf("%s: directories are %q, want %q", c.name, dirs, c.dirs)
		}
		if !reflect.DeepEqual(read.pages, c.pages) {
			t.Errorf("%s: pages are %q, want %q", c.name, read.pages, c.pages)
		}
	}
}

// TestReadLogs checks what is read about access logs.
func TestReadLogs(t *testing.T) {
	for _, c := range []struct {
		text string
		own  []string
		off  bool
	}{
		{"http { access_log /a; server { server_name a; } }", nil, false},
		{"http { access_log off; server { server_name a; location / { access_log off; } } }", nil, true},
		{"http { server { access_log off; server_name a; } }", nil, false},
		{"server { access_log /a; server_name a b; listen 80; } server { server_name c; }", []string{"server a"}, false},
		{"server { server_name _; listen 81; location / { if ($x) { access_log /a; } } }", []string{"the server on 81"}, false},
		{"server { access_log /a; }", []string{"a server without a name"}, false},
		{"server { server_name a; access_log /a; access_log /var/spool/nginx-exporter/access.log nginx_exporter; }", nil, false},
		{"stream { access_log off; server { listen 53; access_log /a b; } }", nil, false},
		{"server { access_log /a;", []string{"a server without a name"}, false},
	} {
		if read := readConf(c.text); !reflect.DeepEqual(read.ownLogs, c.own) || read.logOff != c.off {
			t.Errorf("%s: %q, %v", c.text, read.ownLogs, read.logOff)
		}
	}
}

// FuzzReadConf checks that any text is read.
func FuzzReadConf(f *testing.F) {
	for _, text := range []string{"http { include conf.d/*; }", "a '\\'' \"", "${", "server { listen ; location { stub_status; } }", "#", "listen [::1]:;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read := readConf(text)
		for _, dir := range read.dirs("/etc/nginx", []string{statusFile}) {
			if !strings.HasPrefix(dir, "/") {
				t.Errorf("%q is not a directory", dir)
			}
		}
	})
}
