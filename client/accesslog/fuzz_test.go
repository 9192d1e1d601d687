package accesslog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fuzzed is a format with its oracle.
type fuzzed struct {
	name   string
	format *Format
	oracle *oracle
}

// fuzzedFormats are those of the corpus and the presets.
func fuzzedFormats(tb testing.TB) []fuzzed {
	tb.Helper()
	var all []fuzzed
	add := func(name string, o Options, e Escape) {
		f, err := Compile(o)
		if err != nil {
			tb.Fatal(err)
		}
		text := o.Format
		if p, known := preset(text); known {
			text = p.Format
		}
		all = append(all, fuzzed{name, f, newOracle(strings.ReplaceAll(text, `\t`, "\t"), e)})
	}
	for _, p := range Presets() {
		add(p.Name, Options{Format: p.Name}, EscapeDefault)
	}
	for _, name := range []string{"tabs", "js", "none"} {
		o := corpusFormats()[name]
		e := o.Escape
		if e == "" {
			e = EscapeDefault
		}
		add(name, o, e)
	}
	return all
}

// lines returns lines of all formats.
func lines(tb testing.TB) []string {
	tb.Helper()
	all := []string{`203.0.113.7 - - [28/Nov/2026:12:29:38 +0000] "GET / HTTP/1.1" 502 157 "-" "curl" 85 0.010 [shop-web-80] [] ` +
		`10.0.0.7:80, 10.0.0.8:80 0, 157 0.004, 0.006 502, 502 7b9d`}
	for name := range corpusFormats() {
		text, err := os.ReadFile(filepath.Join("testdata", "corpus", name+".log"))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, strings.Split(string(text), "\n")...)
	}
	for _, some := range benchLines() {
		all = append(all, some...)
	}
	return slices.DeleteFunc(all, func(line string) bool { return len(line) > 1000 })
}

// FuzzParse compares the parser with the oracle.
func FuzzParse(f *testing.F) {
	formats := fuzzedFormats(f)
	for i := range formats {
		for _, line := range lines(f) {
			f.Add(uint8(i), line)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, line string) {
		one := formats[int(n)%len(formats)]
		if strings.Contains(line, "\n") {
			return // the input ends a line there
		}
		var r Record
		err := one.format.Parse([]byte(line), &r)
		if err == nil && !one.oracle.loose.MatchString(line) {
			t.Fatalf("%s: parsed a line that does not match %s: %q", one.name, one.oracle.loose, line)
		}
		want, matches := one.oracle.parse(line)
		switch {
		case !matches:
		case err != nil:
			t.Fatalf("%s: %v: %q", one.name, one.format.Explain([]byte(line)), line)
		case r.String() != want.String():
			t.Fatalf("%s: %q\ngot  %s\nwant %s", one.name, line, r.String(), want.String())
		}
	})
}

// FuzzValues writes values as nginx does, and compares what is parsed with them.
func FuzzValues(f *testing.F) {
	f.Add("www.example.com", "GET", "/a b?c", "curl/8", uint16(200), uint32(1301), uint32(81), "app", "HIT")
	f.Add("", "", "/☃\"\\", "x\",\"s\":500,\"y\":\"", uint16(0), uint32(0), uint32(0), "", "")
	f.Add("~^(?<n>.+)\\.re$", "FOO", "/\t\n\x00", "] [ - \" \\", uint16(499), uint32(1), uint32(1<<31), "unix:/run/a.sock", "-")
	formats := []Options{
		{Format: Own},
		{Escape: EscapeJSON, Format: `{"server":"$server_name","m":"$request_method","a":"$http_user_agent","s":$status,"t":$request_time,` +
			`"l":$request_length,"up":"$proxy_host","c":"$upstream_cache_status","us":"$upstream_status","u":"$uri"}`},
		{Format: `$server_name "$uri" "$http_user_agent" "$request_method" $status rt=$request_time $request_length "$proxy_host" "$upstream_cache_status" $upstream_status end`},
	}
	f.Fuzz(func(t *testing.T, server, method, uri, agent string, status uint16, took, length uint32, upstream, cache string) {
		if strings.Contains(server, " ") {
			return // nginx accepts no such name
		}
		for _, o := range formats {
			e := o.Escape
			if e == "" {
				e = EscapeDefault
			}
			compiled, err := Compile(o)
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]string{
				"server_name": escapeAs(server, e), "request_method": escapeAs(method, e), "uri": escapeAs(uri, e),
				"http_user_agent": escapeAs(agent, e), "status": fmt.Sprintf("%03d", status%1000),
				"request_time": fmt.Sprintf("%d.%03d", took/1000, took%1000), "request_length": strconv.FormatUint(uint64(length), 10),
				"bytes_sent": "1", "proxy_host": escapeAs(upstream, e), "upstream_cache_status": escapeAs(cache, e),
				"upstream_status": "502, - : 200", "upstream_header_time": "0.001, - : 0.002", "upstream_response_time": "0.001, 0.003 : 0.002",
			}
			var line strings.Builder
			line.WriteString(compiled.prefix)
			used := map[string]string{}
			for _, s := range compiled.steps {
				line.WriteString(values[s.name] + s.until)
				used[s.name] = values[s.name]
			}
			var r Record
			if err := compiled.Parse([]byte(line.String()), &r); err != nil {
				t.Fatalf("%s: %v: %q", o.Format, compiled.Explain([]byte(line.String())), line.String())
			}
			want := (&oracle{escape: e}).record(used)
			if r.String() != want.String() {
				t.Fatalf("%s: %q\ngot  %s\nwant %s", o.Format, line.String(), r.String(), want.String())
			}
			same(t, "uri", r.URI, uri)
			same(t, "agent", r.UserAgent, agent)
			same(t, "upstream", r.Upstream, upstream)
		}
	})
}

// same checks that a text that was logged is what was parsed. A lone - is the same
// as an unknown value.
func same(t *testing.T, name string, got []byte, want string) {
	t.Helper()
	if len(got) > 0 && string(got) != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

// FuzzCompile checks that any text is either refused, or parses lines of its own.
func FuzzCompile(f *testing.F) {
	for _, p := range Presets() {
		f.Add(p.Format, "", "x")
	}
	f.Add(`log_format main escape=json '{"s":$status,' '"u":"$uri"}';`, "", `{"s":200,"u":"/"}`)
	f.Add(`'$status' ' ${request_time}s'`, "none", "200 0.001s")
	f.Add(`$status$uri`, "json", "200/")
	f.Add(`$upstream_status $status $`, "default", "1, 2 200")
	f.Fuzz(func(t *testing.T, format, escape, line string) {
		compiled, err := Compile(Options{Format: format, Escape: Escape(escape)})
		if err != nil {
			return
		}
		if !compiled.Fields().Has(FieldStatus) {
			t.Errorf("%q has no status, and was accepted", format)
		}
		var r Record
		switch err := compiled.Parse([]byte(line), &r); {
		case err == nil && !r.Fields.Has(FieldStatus):
			t.Errorf("%q: no status in %q, and it was parsed", format, line)
		case (err == nil) != (compiled.Explain([]byte(line)) == nil):
			t.Errorf("%q: Parse and Explain disagree about %q", format, line)
		}
	})
}
