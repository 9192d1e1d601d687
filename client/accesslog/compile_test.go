package accesslog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		message string
	}{
		{"nothing", Options{}, "empty"},
		{"an unknown name", Options{Format: "combind"}, "neither the name of a format (nginx_exporter, combined,"},
		{"no status", Options{Format: `$remote_addr "$request"`}, "no $status"},
		{"status beside another variable", Options{Format: `$status$request_time`}, "no $status that is separated"},
		{"escaping of a preset", Options{Format: "combined", Escape: EscapeJSON}, "has its own escaping"},
		{"unknown escaping", Options{Format: "$status", Escape: "xml"}, "escape=xml is not valid"},
		{"two escapings", Options{Format: "log_format x escape=json '$status';", Escape: EscapeNone}, "but escape=none is configured"},
		{"an open quote", Options{Format: "log_format x '$status"}, "not closed"},
		{"an open bracket", Options{Format: "${status"}, "closing bracket"},
		{"a lone dollar", Options{Format: "$status $"}, "not followed by the name"},
		{"a directive without text", Options{Format: "log_format x;"}, "no text after its name"},
		{"a list before its own separator", Options{Format: "$upstream_status, $status"}, "also separates the upstream servers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Compile(c.options); err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v, want an error with %q", err, c.message)
			}
		})
	}
}

// An explanation shows the text of a JSON format as it is in nginx.conf, and control
// characters as escapes.
func TestExplainQuotes(t *testing.T) {
	for format, want := range map[string]string{
		`{"status":"$status"}`: "it does not begin with `{\"status\":\"`",
		`v1\t$status`:          `it does not begin with "v1\t"`,
	} {
		f, err := Compile(Options{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.Explain([]byte("x"))); !strings.HasSuffix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestCompileWays checks that a format can be given in all ways in which it can be
// copied from nginx.conf.
func TestCompileWays(t *testing.T) {
	const line = "200\t\"GET\" 0.001"
	for _, format := range []string{
		`$status\t"$request_method" $request_time`,
		"$status\t\"$request_method\" $request_time",
		`${status}\t"${request_method}" ${request_time}`,
		`'$status\t"$request_method" $request_time'`,
		`'$status\t' '"$request_method" ' '$request_time'`,
		`log_format main '$status\t' '"$request_method" ' '$request_time';`,
		"log_format  main escape=default\n  '$status\\t\"$request_method\" '\n  '$request_time';\n",
		`log_format main "$status\t\"$request_method\" $request_time";`,
	} {
		f, err := Compile(Options{Format: format})
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		var r Record
		if err := f.Parse([]byte(line), &r); err != nil {
			t.Errorf("%s: %v", format, f.Explain([]byte(line)))
		}
		if got := r.String(); got != `status=200 method="GET" time=1ms` {
			t.Errorf("%s: %s", format, got)
		}
	}
}

func TestNotes(t *testing.T) {
	for _, c := range []struct {
		format string
		note   string
		is     bool
	}{
		{Own, "", false},
		{"combined", "no $request_time: request durations are not measured", true},
		{"combined", "may be wrong", false},
		{"upstreaminfo", "may be wrong", false},
		{"upstreaminfo", "no $proxy_host", false},
		{"$http_user_agent $status", "$status may be wrong: a $http_user_agent", true},
		{"$status $http_user_agent", "may be wrong", false},
		{`$remote_user "$status"`, "may be wrong", false},
		{"$status $scheme://$host$request_uri", "$host, $request_uri are not read", true},
		{"$status $upstream_addr $upstream_status", "may be wrong", false},
	} {
		f, err := Compile(Options{Format: c.format})
		if err != nil {
			t.Fatal(err)
		}
		has := slices.ContainsFunc(f.Notes(), func(note string) bool { return strings.Contains(note, c.note) })
		if has != c.is {
			t.Errorf("%s: notes %q, %q in them: %v", c.format, f.Notes(), c.note, has)
		}
	}
}

// parseCase is a line of a format.
type parseCase struct {
	name   string
	format Options
	line   string
	want   string // empty if the line does not match the format
}

func checkParse(t *testing.T, cases []parseCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, err := Compile(c.format)
			if err != nil {
				t.Fatal(err)
			}
			var r Record
			switch err := f.Parse([]byte(c.line), &r); {
			case err != nil && c.want != "":
				t.Error(f.Explain([]byte(c.line)))
			case err == nil && r.String() != c.want:
				t.Errorf("got  %s\nwant %s", r.String(), c.want)
			case err != nil && f.Explain([]byte(c.line)) == nil:
				t.Error("no explanation")
			}
		})
	}
}

func TestParseAttempts(t *testing.T) {
	const peers = `$status $upstream_addr $upstream_status $upstream_response_time end`
	checkParse(t, []parseCase{
		{
			"Unix peers",
			Options{Format: peers},
			"200 unix:/run/a.sock, unix:/run/b.sock 502, 200 0.000, 0.001 end",
			`status=200 [group=0 addr="unix:/run/a.sock" status=502 response=0s] [group=0 addr="unix:/run/b.sock" status=200 response=1ms]`,
		},
		{
			"IPv6 peers",
			Options{Format: peers},
			"200 [::1]:80 : [2001:db8::1]:80 404 : 200 0.000 : 0.001 end",
			`status=200 [group=0 addr="[::1]:80" status=404 response=0s] [group=1 addr="[2001:db8::1]:80" status=200 response=1ms]`,
		},
		{
			"attempts without response",
			Options{Format: peers},
			"499 a:80, b:80 -, - -, 0.502 end",
			`status=499 [group=0 addr="a:80"] [group=0 addr="b:80" response=502ms]`,
		},
		{"no upstream", Options{Format: peers}, "200 - - - end", "status=200"},
		{
			"lists of different lengths",
			Options{Format: peers},
			"200 a:80 502, 200 0.001 end",
			`status=200 [group=0 addr="a:80" status=502 response=1ms] [group=0 status=200]`,
		},
	})
}

func TestParseNumbers(t *testing.T) {
	checkParse(t, []parseCase{
		{
			"a request without quotes",
			Options{Format: `[$time_local] $remote_addr - $remote_user - $server_name $host to: $upstream_addr: $request $status ` +
				`upstream_response_time $upstream_response_time msec $msec request_time $request_time`},
			"[28/Nov/2026:12:29:38 +0000] ::1 - - - shop shop to: [::1]:80: GET /a 7 b HTTP/1.1 200 upstream_response_time 0.001 msec 1.5 request_time 0.002",
			`status=200 method="GET" server="shop" host="shop" uri="/a 7 b" time=2ms [group=0 addr="[::1]:80" response=1ms]`,
		},
		{"a user agent without quotes", Options{Format: "$http_user_agent $status $request_time"}, "curl 8 200 x 404 0.001", `status=404 agent="curl 8 200 x" time=1ms`},
		{"the same at the end of the line", Options{Format: "$http_user_agent $status"}, "curl 200 404", `status=404 agent="curl 200"`},
		{"no number in the line", Options{Format: "$http_user_agent $status"}, "curl x y", ""},
		{"a host with a port", Options{Format: "$host:$server_port $status"}, "[::1]:80 200", `status=200 host="[::1]"`},
		{"code 000", Options{Format: "$status $uri"}, "000 /", `status=000 uri="/"`},
		{"code 009", Options{Format: "$status $uri"}, "009 /", `status=009 uri="/"`},
		{"an unknown code", Options{Format: "$status $uri"}, "- /", ""},
		{"a code of two digits", Options{Format: "$status $uri"}, "99 /", ""},
		{"a negative time", Options{Format: "$status $request_time"}, "200 -1", ""},
		{"whole seconds", Options{Format: "$status $request_time"}, "200 2", "status=200 time=2s"},
		{"one digit", Options{Format: "$status $request_time"}, "200 0.5", "status=200 time=500ms"},
		{"microseconds", Options{Format: "$status $request_time"}, "200 0.001999", "status=200 time=1ms"},
		{"no digit", Options{Format: "$status $request_time"}, "200 0.", ""},
		{"a huge time", Options{Format: "$status $request_time"}, "200 18446744073709551.615", ""},
		{"a time above what nanoseconds can have", Options{Format: "$status $request_time"}, "200 999999999999.999", ""},
		{"the largest time", Options{Format: "$status $request_time"}, "200 999999999.999", "status=200 time=277777h46m39.999s"},
		{"cut off", Options{Format: `"$uri" $status`}, `"/a`, ""},
		{"cut off within the last value", Options{Format: "$status $uri"}, "200 /abc", `status=200 uri="/abc"`},
		{"more after the end", Options{Format: "[$status]"}, "[200] x", ""},
		{"another beginning", Options{Format: "v1 $status"}, "v2 200", ""},
	})
}

func TestParseTexts(t *testing.T) {
	checkParse(t, []parseCase{
		{
			"a quote in JSON",
			Options{Format: `{"a":"$uri","s":$status}`, Escape: EscapeJSON},
			`{"a":"/\",\"s\":500}","s":200}`,
			`status=200 uri="/\",\"s\":500}"`,
		},
		{
			"a backslash at the end of a JSON string",
			Options{Format: `{"a":"$uri","s":$status}`, Escape: EscapeJSON},
			`{"a":"/\\","s":200}`,
			`status=200 uri="/\\"`,
		},
		{
			"control characters in JSON",
			Options{Format: `{"a":"$uri","s":$status}`, Escape: EscapeJSON},
			`{"a":"\u0001\n","s":200}`,
			`status=200 uri="\x01\n"`,
		},
		{"a server without a name", Options{Format: "$server_name\t$status"}, "\t200", `status=200 server=""`},
		{
			"a server named by a regular expression",
			Options{Format: "$server_name\t$status"},
			"~^(?<n>.+)\\x5C.re$\t200",
			`status=200 server="~^(?<n>.+)\\.re$"`,
		},
		{"an absolute URI", Options{Format: `"$request" $status`}, `"GET http://a:80/b?c HTTP/1.1" 200`, `status=200 method="GET" uri="/b"`},
		{"an absolute URI without a path", Options{Format: `"$request" $status`}, `"GET http://a HTTP/1.1" 200`, `status=200 method="GET" uri=""`},
		{"a path with spaces", Options{Format: `"$request" $status`}, `"GET /a b HTTP/1.1" 200`, `status=200 method="GET" uri="/a b"`},
		{
			"better variables",
			Options{Format: `"$request" $request_method $uri $body_bytes_sent $bytes_sent $status`},
			`"GET /a HTTP/1.1" POST /b 1 2 200`,
			`status=200 method="POST" uri="/b" out=2`,
		},
		{
			"Apache's escaping", // also in the format of nginx
			Options{Format: "combined"},
			`::1 - - [28/Nov/2026:12:29:38 +0000] "GET /\"\x01 HTTP/1.1" 200 - "-" "a\\\"\n"`,
			`status=200 method="GET" uri="/\"\x01" agent="a\\\"\n"`,
		},
		{
			"Apache's virtual hosts",
			Options{Format: "apache_vhost_combined"},
			`www:80 ::1 - - [28/Nov/2026:12:29:38 +0000] "GET / HTTP/1.1" 200 7 "-" "-"`,
			`status=200 method="GET" server="www" uri="/" out=7`,
		},
		{
			"a user with a bracket",
			Options{Format: "combined"},
			`::1 - a [b [28/Nov/2026:12:29:38 +0000] "GET / HTTP/1.1" 200 7 "-" "-"`,
			`status=200 method="GET" uri="/" out=7`,
		},
		{
			"ingress-nginx",
			Options{Format: "upstreaminfo"},
			`10.0.0.1 - - [28/Nov/2026:12:29:38 +0000] "GET / HTTP/1.1" 200 612 "-" "curl" 85 0.010 ` +
				`[shop-web-80] [] 10.0.0.7:80, 10.0.0.8:80 0, 612 0.004, 0.006 502, 200 7b9d`,
			`status=200 method="GET" uri="/" agent="curl" time=10ms in=85 out=612 upstream="shop-web-80" ` +
				`[group=0 addr="10.0.0.7:80" status=502 response=4ms] [group=0 addr="10.0.0.8:80" status=200 response=6ms]`,
		},
	})
}

// TestRecordIsReset checks that nothing of a line is left in the record of the
// next one.
func TestRecordIsReset(t *testing.T) {
	f, err := Compile(Options{Format: Own})
	if err != nil {
		t.Fatal(err)
	}
	var r, fresh Record
	for _, line := range []string{
		"v1\ta\\x22\tGET\t200\t0.012\t512\t15320\tapp\t200, 200\t0.010, 0.001\t0.012, 0.001\tHIT\t/\\x22",
		"v1\tb\t-\t400\t-\t-\t-\t-\t-\t-\t-\t-\t-",
	} {
		if err := f.Parse([]byte(line), &r); err != nil {
			t.Fatal(f.Explain([]byte(line)))
		}
		fresh = Record{}
		if err := f.Parse([]byte(line), &fresh); err != nil {
			t.Fatal(err)
		}
		if r.String() != fresh.String() {
			t.Errorf("%s, in a new record %s", r.String(), fresh.String())
		}
	}
}
