package stubstatus_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nginx-exporter/client"
	"nginx-exporter/client/stubstatus"
	"nginx-exporter/client/value"
)

// page is a stub_status page.
const page = "Active connections: 2 \nserver accepts handled requests\n 7 6 13 \nReading: 0 Writing: 1 Waiting: 1 \n"

// statusOf returns a status of the seven values in the order of the page. A
// negative gauge is absent.
func statusOf(active, accepted, handled, requests, reading, writing, waiting float64) stubstatus.Status {
	gauge := func(v float64) value.Value {
		if v < 0 {
			return value.Value{}
		}
		return value.Of(v)
	}
	return stubstatus.Status{
		Accepted: value.Of(accepted),
		Handled:  value.Of(handled),
		Requests: value.Of(requests),
		Active:   gauge(active),
		Reading:  gauge(reading),
		Writing:  gauge(writing),
		Waiting:  gauge(waiting),
	}
}

// show formats a status for messages.
func show(s *stubstatus.Status) string {
	return fmt.Sprintf("active %v, accepted %v, handled %v, requests %v, reading %v, writing %v, waiting %v, version %q",
		s.Active.Float(), s.Accepted.Float(), s.Handled.Float(), s.Requests.Float(),
		s.Reading.Float(), s.Writing.Float(), s.Waiting.Float(), s.Version)
}

// read reads the status of a server with this response.
func read(t *testing.T, respond func(w http.ResponseWriter)) (*stubstatus.Status, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { respond(w) }))
	defer server.Close()
	target, err := client.ParseTarget(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{Target: target, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return stubstatus.Read(t.Context(), c)
}

// pages reads the pages of one directory of testdata.
func pages(tb testing.TB, directory string) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", directory, "*.txt"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no pages in %s: %v", directory, err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(name), ".txt")] = body
	}
	return found
}

func TestParse(t *testing.T) {
	t.Parallel()
	usual := statusOf(291, 16630948, 16630946, 31070465, 6, 179, 106)
	tengine := usual
	tengine.RequestTime = value.Of(2864051926)
	want := map[string]stubstatus.Status{
		"nginx_1_22":               statusOf(1, 2, 2, 2, 0, 1, 0),
		"nginx_1_29":               usual,
		"tengine":                  tengine,
		"blank_line_before":        usual,
		"crlf":                     usual,
		"crlf_no_blanks":           usual,
		"no_final_newline":         usual,
		"no_blanks":                usual,
		"tabs":                     usual,
		"later_lines":              usual,
		"columns_in_another_order": usual,
		"waiting_wrapped":          statusOf(291, 16630948, 16630946, 31070465, 6, 179, -1),
		"all_gauges_wrapped":       statusOf(-1, 1, 1, 1, -1, -1, -1),
		"largest_counters":         statusOf(math.MaxInt64, math.MaxUint64, 18446744073709551614, 1<<63, 0, 0, 0),
		"zeros":                    statusOf(0, 0, 0, 0, 0, 0, 0),
	}
	found := pages(t, "whole")
	for name, body := range found {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, known := want[name]
			if !known {
				t.Fatal("no expected status for this page")
			}
			got, err := stubstatus.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			if *got != want {
				t.Errorf("got %s; want %s", show(got), show(&want))
			}
		})
	}
	if len(found) != len(want) {
		t.Errorf("%d pages, but %d results", len(found), len(want))
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, body := range pages(t, "broken") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, body)
		})
	}
}

// refused checks that a page is an error, and that none of its numbers are
// returned.
func refused(t *testing.T, body []byte) {
	t.Helper()
	got, err := stubstatus.Parse(body)
	if err == nil {
		t.Fatalf("taken as %s", show(got))
	}
	if got != nil {
		t.Errorf("got %s with error %v", show(got), err)
	}
	if text := err.Error(); text == "" || len(text) > 100 || strings.ContainsAny(text, "\n\r\x00") {
		t.Errorf("the error is %q", text)
	}
}

func TestParseNotations(t *testing.T) {
	t.Parallel()
	notations := []string{
		"-1", "-0", "+1", "1.0", "1.5", ".5", "1e3", "1E3", "0x10", "0b1", "0o7", "1_000", "1,000", "1'000", "1 000",
		"NaN", "nan", "Inf", "-Inf", "infinity", "٣", "３", "½", "5x", "x5", "--5", "%d", "", " ", "null", "true", `"5"`, "5;", "5:",
		"18446744073709551616", "18446744073709551617", "99999999999999999999", strings.Repeat("9", 40), "5\x00", "5\v", "5\u200b",
	}
	for _, notation := range notations {
		for place := range 7 {
			numbers := []any{1, 2, 3, 4, 5, 6, 7}
			numbers[place] = notation
			body := fmt.Sprintf("Active connections: %v \nserver accepts handled requests\n %v %v %v \n"+
				"Reading: %v Writing: %v Waiting: %v \n", numbers...)
			if got, err := stubstatus.Parse([]byte(body)); err == nil {
				t.Errorf("%q as number %d was taken: %s", notation, place, show(got))
			}
		}
	}
}

// A page that a proxy or a wrong length truncated is never read with a shorter
// number: each cut gives the true numbers or none.
func TestParseCut(t *testing.T) {
	t.Parallel()
	for name, body := range pages(t, "whole") {
		whole, err := stubstatus.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range body {
			got, err := stubstatus.Parse(body[:cut])
			if err == nil && *got != *whole {
				t.Errorf("%s cut at %d gives %s; want %s", name, cut, show(got), show(whole))
			}
		}
	}
}

func TestParseLong(t *testing.T) {
	t.Parallel()
	digits := strings.Replace(page, "13", strings.Repeat("1", 1<<20), 1)
	refused(t, []byte(digits))
	refused(t, []byte(strings.Repeat(" ", 1<<20)))
	refused(t, []byte(strings.Repeat("\n", 1<<20)))
	refused(t, []byte(strings.Replace(page, "requests", strings.Repeat("a ", 1<<19), 1)))
	if _, err := stubstatus.Parse([]byte(page + strings.Repeat("more: 1\n", 1<<17))); err != nil {
		t.Errorf("many later lines: %v", err)
	}
	zeros := strings.Replace(page, "13", strings.Repeat("0", 1<<10)+"13", 1)
	if got, err := stubstatus.Parse([]byte(zeros)); err != nil || got.Requests != value.Of(13) {
		t.Errorf("zeros before a number: %v", err)
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for want, status := range []stubstatus.Status{
		statusOf(0, 0, 0, 0, 0, 0, 0),
		statusOf(1, 1, 1, 1, 1, 1, -1),
		statusOf(1, 1, 1, 1, -1, 1, -1),
		statusOf(1, 1, 1, 1, -1, -1, -1),
		statusOf(-1, 1, 1, 1, -1, -1, -1),
	} {
		if got := status.Invalid(); got != want {
			t.Errorf("got %d, want %d of %s", got, want, show(&status))
		}
	}
}

func TestServerVersion(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"nginx/1.29.1":                         "1.29.1",
		"nginx/1.22.1 (Ubuntu)":                "1.22.1",
		"nginx":                                "",
		"nginx/":                               "",
		"":                                     "",
		"Tengine/3.1.0":                        "Tengine/3.1.0",
		"openresty/1.27.1.2":                   "openresty/1.27.1.2",
		"nginx-plus/1.2":                       "nginx-plus/1.2",
		"cloud":                                "",
		"my server/1.0":                        "",
		"nginx/" + strings.Repeat("1", 58):     strings.Repeat("1", 58),
		"nginx/" + strings.Repeat("1", 59):     "",
		"nginx/" + strings.Repeat("1", 10_000): "",
	} {
		status, err := read(t, func(w http.ResponseWriter) {
			w.Header().Set("Server", header)
			_, _ = w.Write([]byte(page))
		})
		if err != nil {
			t.Fatal(err)
		}
		if status.Version != want {
			t.Errorf("%q: got %q, want %q", header, status.Version, want)
		}
	}
}

// The error names what the response is instead of a stub_status page.
func TestUnexpected(t *testing.T) {
	t.Parallel()
	const location = "check that the path of the target is a location with stub_status in nginx"
	for name, c := range map[string]struct{ body, text, advice string }{
		"empty":        {"", "the response is empty", location},
		"web page":     {"<html>", `the response is a web page instead of stub_status: "<html>"`, "another location of nginx"},
		"blanks first": {" \r\n\t<!DOCTYPE HTML>", "the response is a web page", "another location of nginx"},
		"list":         {"[1,2,3]", `1 of 4 lines in the response "[1,2,3]"`, location},
		"object":       {`{"a":1}`, "in the response", location},
		"long":         {strings.Repeat("x", 2000), "in the response", location},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, func(w http.ResponseWriter) { _, _ = w.Write([]byte(c.body)) })
			var failure *client.Error
			if !errors.As(err, &failure) || failure.Reason != client.ReasonParse {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %q, want %q in it", err, c.text)
			}
			const kept = 1 << 10
			if want := c.body[:min(len(c.body), kept)]; string(failure.Body) != want {
				t.Errorf("the error keeps %q of the response, want %q", failure.Body, want)
			}
			if advice := client.AdviceOf(err); !strings.Contains(advice, c.advice) {
				t.Errorf("got advice %q, want %q in it", advice, c.advice)
			}
		})
	}
}

// A response that is too large may be the document of another protocol: its error
// keeps the beginning.
func TestTooLargeKeepsBeginning(t *testing.T) {
	t.Parallel()
	document := `{"versions":[` + strings.Repeat("1,", stubstatus.MaxDocument) + `1]}`
	for name, length := range map[string]string{"with length": strconv.Itoa(len(document)), "in chunks": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, func(w http.ResponseWriter) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = w.Write([]byte(document))
			})
			var failure *client.Error
			if !errors.As(err, &failure) || failure.Reason != client.ReasonTooLarge || string(failure.Body) != document[:1<<10] {
				t.Errorf("got %v with the beginning %q", err, failure.Body)
			}
		})
	}
}
