package accesslog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

// corpusFormats are the formats in which nginx logged the same 30 requests, in two
// runs. testdata/corpus has the lines, and what they are parsed as.
func corpusFormats() map[string]Options {
	return map[string]Options{
		"tabs": {Format: `v1\t$host\t$http_host\t$server_name\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent` +
			`\t$upstream_addr\t$upstream_status\t$upstream_response_time\t$server_protocol\t$uri\t$http_user_agent\t$request_completion\t$remote_addr`},
		"js": {Escape: EscapeJSON, Format: `{"host":"$host","hh":"$http_host","m":"$request_method","s":$status,"t":$request_time,` +
			`"ua":"$upstream_addr","ut":"$upstream_response_time","uri":"$uri","agent":"$http_user_agent"}`},
		"none":                {Escape: EscapeNone, Format: `$host\t$request_method\t$status\t$uri\t$http_user_agent`},
		"combined_with_times": {Format: "combined_times"},

		"nginx_exporter": {Format: Own},
		"main":           {Format: "main"},
		"combined":       {Format: "combined"},
		"upstreaminfo":   {Format: "upstreaminfo"},
		"json": {Escape: EscapeJSON, Format: `{"server":"$server_name","method":"$request_method","status":$status,"time":$request_time,` +
			`"in":$request_length,"out":$bytes_sent,"upstream":"$proxy_host","addr":"$upstream_addr","us":"$upstream_status",` +
			`"uc":"$upstream_connect_time","uh":"$upstream_header_time","ur":"$upstream_response_time","cache":"$upstream_cache_status",` +
			`"uri":"$request_uri","agent":"$http_user_agent"}`},
		"nlx": {Format: `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ` +
			`rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" us="$upstream_status"`},
	}
}

// corpusLines returns the lines of a format.
func corpusLines(t *testing.T, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "corpus", name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines) != 30 {
		t.Errorf("%s has %d lines, want 30", name, len(lines))
	}
	return lines
}

// TestFormatsAgree compares the values of the same requests in different formats.
func TestFormatsAgree(t *testing.T) {
	codes, times := map[string][]string{}, map[string][]string{}
	for _, name := range []string{"nginx_exporter", "main", "combined", "upstreaminfo", "json", "nlx"} {
		f, err := Compile(corpusFormats()[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range corpusLines(t, name) {
			var r Record
			if err := f.Parse(line, &r); err != nil {
				t.Fatal(err)
			}
			codes[name] = append(codes[name], fmt.Sprintf("%03d", r.Status))
			all := []string{r.RequestTime.String()}
			for _, a := range r.Attempts {
				all = append(all, fmt.Sprint(a.Group, a.Status, a.ResponseTime))
			}
			times[name] = append(times[name], strings.Join(all, " "))
		}
		if !slices.Equal(codes[name], codes["nginx_exporter"]) {
			t.Errorf("%s has codes %q, want %q", name, codes[name], codes["nginx_exporter"])
		}
		if f.Fields().Has(FieldRequestTime) && !slices.Equal(times[name], times["nginx_exporter"]) {
			t.Errorf("%s has times %q, want %q", name, times[name], times["nginx_exporter"])
		}
	}
}

func TestGoldenCorpus(t *testing.T) {
	for name, options := range corpusFormats() {
		t.Run(name, func(t *testing.T) {
			f, err := Compile(options)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "corpus", name)
			var parsed bytes.Buffer
			for _, note := range f.Notes() {
				fmt.Fprintln(&parsed, "note:", note)
			}
			var r Record
			for _, line := range corpusLines(t, name) {
				if err := f.Parse(line, &r); err != nil {
					t.Errorf("%s: %v", abbreviate(line), f.Explain(line))
				}
				fmt.Fprintln(&parsed, r.String())
			}
			sameAsFile(t, path+".golden", parsed.Bytes())
		})
	}
}

func sameAsFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs: run make golden and review git diff", path)
	}
}
