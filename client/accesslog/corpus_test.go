package accesslog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

// corpusFormats are the formats in which nginx logged the same 30 requests.
// testdata/corpus has the lines, and what they are parsed as.
func corpusFormats() map[string]Options {
	return map[string]Options{
		"tabs": {Format: `v1\t$host\t$http_host\t$server_name\t$request_method\t$status\t$request_time\t$request_length\t$bytes_sent` +
			`\t$upstream_addr\t$upstream_status\t$upstream_response_time\t$server_protocol\t$uri\t$http_user_agent\t$request_completion\t$remote_addr`},
		"js": {Escape: EscapeJSON, Format: `{"host":"$host","hh":"$http_host","m":"$request_method","s":$status,"t":$request_time,` +
			`"ua":"$upstream_addr","ut":"$upstream_response_time","uri":"$uri","agent":"$http_user_agent"}`},
		"none":                {Escape: EscapeNone, Format: `$host\t$request_method\t$status\t$uri\t$http_user_agent`},
		"combined_with_times": {Format: "combined_times"},
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
			lines, err := os.ReadFile(path + ".log")
			if err != nil {
				t.Fatal(err)
			}
			var parsed bytes.Buffer
			for _, note := range f.Notes() {
				fmt.Fprintln(&parsed, "note:", note)
			}
			var r Record
			all := bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"))
			if len(all) != 30 {
				t.Errorf("%d lines, want 30", len(all))
			}
			for _, line := range all {
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
