package inject

import (
	"cmp"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestCommand checks what a container runs by its command and args.
func TestCommand(t *testing.T) {
	for _, c := range []struct{ container, file, idle string }{
		{"{}", "", ""},
		{"{args: [nginx, -g, daemon off;]}", "", ""},
		{"{args: [-c, /a.conf]}", "/a.conf", ""},
		{"{args: [nginx-debug, -c/a.conf]}", "/a.conf", ""},
		{"{command: [nginx, -c]}", "", ""},
		{"{command: [nginx, -c, a.conf]}", "/opt/nginx/a.conf", ""},
		{"{command: [openresty, -p, /app, -c, conf/nginx.conf]}", "/app/conf/nginx.conf", ""},
		{`{command: [sh, -c, "openresty -c a.conf -p '/app'"]}`, "/app/a.conf", ""},
		{`{command: [sh, -c, "nginx -c /a.conf -g 'daemon off;'"]}`, "/a.conf", ""},
		{`{command: [/bin/bash, -euxc], args: ["exec /usr/sbin/nginx -g 'daemon off;' -c '/a.conf'"]}`, "/a.conf", ""},
		{`{command: [sh, -c, "sh -c ls; openresty -g x; tar -c /b"]}`, "", ""},
		{`{command: [sh, -c, -x], args: ["sleep 1 && exit 1"]}`, "", "sh -c 'sleep 1 && exit 1'"},
		{`{command: [sh, -c, "./start.sh"]}`, "", ""},
		{`{command: [sh, -c, "exec \"$@\"", nginx]}`, "", ""},
		{`{command: [sh]}`, "", ""},
		{"{command: [/start]}", "", ""},
		{`{command: [sleep, "9"]}`, "", "sleep"},
		{"{command: [/bin/tail], args: [-f, /dev/null]}", "", "tail"},
		{`{command: [sh, -c, "while true; do echo a long script that writes nothing of interest; done"]}`, "", "sh -c 'while true; do echo a long script that w...'"},
		{"{command: example, args: {a: b}}", "", ""},
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(c.container), &n); err != nil {
			t.Fatal(err)
		}
		container := n.Content[0]
		want := cmp.Or(c.file, "/opt/nginx/conf/nginx.conf")
		if file, given := mainFile(container, "/opt/nginx/conf/nginx.conf"); file != want || given != (c.file != "") {
			t.Errorf("%s reads %q (%v), want %q", c.container, file, given, want)
		}
		if idle := idleCommand(container); idle != c.idle {
			t.Errorf("%s runs %q, want %q", c.container, idle, c.idle)
		}
	}
}
