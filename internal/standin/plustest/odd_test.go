package plustest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// TestOddsAreDescribed checks that README.md describes each directory.
func TestOddsAreDescribed(t *testing.T) {
	readme, err := os.ReadFile("testdata/odd/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 2 || cells[0] == "set" {
			continue
		}
		if len(cells[1]) < 20 {
			t.Errorf("README.md says too little of %s: %q", cells[0], cells[1])
		}
		described = append(described, cells[0])
	}
	if odds := plustest.Odds(); !slices.Equal(odds, described) {
		t.Errorf("README.md describes %v\nthere are %v", described, odds)
	}
}

// TestOddsAreJSON checks that each odd document is legal, and served as it is.
func TestOddsAreJSON(t *testing.T) {
	if n := len(plustest.Odds()); n < 35 {
		t.Fatalf("%d sets of odd documents", n)
	}
	for _, name := range plustest.Odds() {
		t.Run(name, func(t *testing.T) {
			odd, err := plustest.Odd(name)
			if err != nil {
				t.Fatal(err)
			}
			api := plustest.New(standin.WithOverlay(odd))
			for path, body := range odd {
				if !json.Valid(body) {
					t.Errorf("%s is not JSON", path)
				}
				url := "/api/" + newestOf(t, api) + "/" + path
				switch path {
				case "versions":
					url = "/api/"
				case "root":
					url = strings.TrimSuffix(url, path)
				}
				if got := get(t, api, url, http.StatusOK); !bytes.Equal(got, body) {
					t.Errorf("GET %s: got %.200s, want %.200s", url, got, body)
				}
			}
		})
	}
}

// newestOf gives the newest API version of a server.
func newestOf(tb testing.TB, api http.Handler) string {
	tb.Helper()
	var versions []int
	if err := json.Unmarshal(get(tb, api, "/api/", http.StatusOK), &versions); err != nil {
		tb.Fatal(err)
	}
	return string(marshal(tb, slices.Max(versions)))
}

func marshal(tb testing.TB, v any) []byte {
	tb.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func TestOddsUnknown(t *testing.T) {
	for _, name := range []string{"", "none", "..", "../sample", "names/http", "README.md", "/"} {
		if documents, err := plustest.Odd(name); err == nil {
			t.Errorf("there is a set %q: %d documents", name, len(documents))
		}
	}
}

// TestOddsInRaw: white space is what these sets are about.
func TestOddsInRaw(t *testing.T) {
	odd, err := plustest.Odd("white_space")
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range odd {
		if !bytes.HasPrefix(body, []byte("\r\n \t")) || bytes.Count(body, []byte("\t")) < 10 {
			t.Errorf("%s has lost its white space: %.80q", path, body)
		}
	}
}

// TestVersionsAgainstEncodingJSON removes from every document what version 6 does
// not have, with encoding/json.
func TestVersionsAgainstEncodingJSON(t *testing.T) {
	for _, name := range plustest.Odds() {
		odd, err := plustest.Odd(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"versions", "nginx", "root", "http", "stream"} {
			delete(odd, path) // so that all other documents are listed
		}
		documents := plustest.Sample()
		maps.Copy(documents, odd)
		api := plustest.New(standin.WithDocuments(documents))
		for path := range documents {
			old := ask(t, api, http.MethodGet, "/api/6/"+path)
			if old.Code != http.StatusOK {
				continue // later than API 6
			}
			if got, want := decode(t, old.Body.Bytes()), inAPI6(t, path, documents[path]); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: API 6 shows of %s: %.300v\nwant %.300v", name, path, got, want)
			}
		}
	}
}

func inAPI6(tb testing.TB, path string, body []byte) any {
	tb.Helper()
	document := decode(tb, body)
	byName, ok := document.(map[string]any)
	if !ok {
		return document
	}
	switch {
	case path == "ssl":
		for name := range byName {
			if name != "handshakes" && name != "handshakes_failed" && name != "session_reuses" {
				delete(byName, name)
			}
		}
	case strings.HasSuffix(path, "_zones"), strings.HasSuffix(path, "/upstreams"):
		for _, zone := range byName {
			dropLater(zone)
		}
	}
	return document
}

// decode reads JSON and keeps numbers as they are written.
func decode(tb testing.TB, body []byte) any {
	tb.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		tb.Fatalf("%v: %.200s", err, body)
	}
	return v
}

func dropLater(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"ssl", "codes", "response_time_hist"} {
			delete(v, name)
		}
		for _, member := range v {
			dropLater(member)
		}
	case []any:
		for _, element := range v {
			dropLater(element)
		}
	}
}
