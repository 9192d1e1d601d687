//go:build linux

package blackbox_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestStubStatusPages(t *testing.T) {
	t.Parallel()
	whole := usual().page()
	lines := strings.SplitAfter(whole, "\n")
	for name, body := range map[string]struct {
		text string
		want func(*testing.T, *page)
	}{
		"plain page of nginx 1.29":                                 {whole, mustBeUp},
		"last line missing":                                        {strings.Join(lines[:3], ""), mustBeDown},
		"requests missing in the counter line":                     {strings.Replace(whole, " 1448", "", 1), mustBeDown},
		"extra lines after the page":                               {whole + "Zombies: 3 \nsomething else entirely\n", mustBeUp},
		"CRLF line ends":                                           {strings.ReplaceAll(whole, "\n", "\r\n"), trueOrDown},
		"no blanks at line ends, no last newline":                  {strings.TrimSuffix(strings.ReplaceAll(whole, " \n", "\n"), "\n"), trueOrDown},
		"Tengine's page (4th column request_time)":                 {tengine(whole), trueOrDown},
		"a number of 1 MB of digits":                               {strings.Replace(whole, "1448", strings.Repeat("9", 1<<20), 1), mustBeDown},
		"number above 2^64":                                        {strings.Replace(whole, "1448", "18446744073709551616", 1), mustBeDown},
		"HTML page of 1 MB (200): log volume":                      {"<!DOCTYPE html>\n" + strings.Repeat("<p>hello \x1b[31m\r\n", 60_000), mustBeDown},
		"Waiting underflown to 2^64-1 (as nginx can print it)":     {strings.Replace(whole, "Waiting: 8", "Waiting: 18446744073709551615", 1), sixOfSeven},
		"the largest numbers that nginx can print":                 {strings.Replace(whole, "1448", "18446744073709551615", 1), largest},
		"a page with NUL bytes and invalid UTF-8 in its last line": {strings.Replace(whole, "Waiting", "Wait\x00\xff", 1), mustBeDown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nginx := fakeTCP(t, always(ok(body.text)))
			e := serve(t, uri(nginx.uri))
			const scrapes = 10
			for range scrapes {
				body.want(t, e.scrape(t))
			}
			if size := len(e.log.String()); size > scrapes<<10 {
				t.Errorf("%d scrapes made %d bytes of log", scrapes, size)
			}
		})
	}
	t.Run("a page that is cut after any of its bytes", func(t *testing.T) {
		t.Parallel()
		cutPages(t)
	})
	t.Run("negative numbers", func(t *testing.T) {
		t.Parallel()
		everyNumber(t, []string{"-1", "-0", "-1448", "-9223372036854775808"})
	})
	t.Run("numbers in other notations", func(t *testing.T) {
		t.Parallel()
		everyNumber(t, []string{
			"NaN", "1e3", "0x10", "1.5", "1_000", "Inf", "+5", "٣", "5x", "--5", "%d", "1,448", "0b1", "0o17", "1448.", "''", "١٤٤٨",
		})
	})
}

func cutPages(t *testing.T) {
	t.Helper()
	truth := usual()
	truth.waiting = 1448
	whole := truth.page()
	pages := make(chan string, 1)
	e := serve(t, uri(fakeTCP(t, eachOf(pages)).uri))
	for n := range len(whole) {
		pages <- whole[:n]
		p := e.scrape(t)
		if n < len(strings.TrimRight(whole, " \n")) {
			p.wantDown(t, "")
		} else {
			p.wantTrueOrDown(t, truth)
		}
		if t.Failed() {
			t.Fatalf("cut after %d bytes: %q", n, whole[:n])
		}
	}
}

// eachOf answers with one page after another.
func eachOf(pages <-chan string) script {
	return func(c *call) {
		for c.read() {
			select {
			case page := <-pages:
				c.say(ok(page))
			case <-c.fake.stop:
				return
			}
		}
	}
}

func tengine(page string) string {
	page = strings.Replace(page, "server accepts handled requests\n", "server accepts handled requests request_time\n", 1)
	return strings.Replace(page, " 1448 ", " 1448 99887766 ", 1)
}

func mustBeUp(t *testing.T, p *page) {
	t.Helper()
	p.wantUp(t, "", usual())
}

func mustBeDown(t *testing.T, p *page) {
	t.Helper()
	p.wantDown(t, "")
	p.wantError(t, reasonOf(p))
}

// reasonOf returns the reason that fits a bad body.
func reasonOf(p *page) string {
	if p.series["nginx_exporter_scrape_errors_total"][`reason="too_large",source="stub_status"`] > 0 {
		return "too_large"
	}
	return "parse"
}

func trueOrDown(t *testing.T, p *page) {
	t.Helper()
	p.wantTrueOrDown(t, usual())
}

func sixOfSeven(t *testing.T, p *page) {
	t.Helper()
	if !p.up("") {
		t.Fatalf("nginx is not up:\n%s", p.data())
	}
	want := usual().series()
	delete(want, "nginx_connections_waiting")
	for name, value := range want {
		if got := p.series[name][""]; got != value {
			t.Errorf("%s is %v, not %v", name, got, value)
		}
	}
	if got, there := p.series["nginx_connections_waiting"][""]; there {
		t.Errorf("nginx_connections_waiting is %v", got)
	}
	if p.series["nginx_exporter_series_dropped_total"][`reason="invalid"`] == 0 {
		t.Error("the page does not tell that a series was left out")
	}
}

func largest(t *testing.T, p *page) {
	t.Helper()
	truth := usual()
	truth.requests = 1<<64 - 1
	p.wantUp(t, "", truth)
}

// everyNumber puts each text in the place of each number in turn.
func everyNumber(t *testing.T, texts []string) {
	t.Helper()
	truth := figures{active: 501, accepted: 502, handled: 503, requests: 504, reading: 505, writing: 506, waiting: 507}
	pages := make(chan string, 1)
	e := serve(t, uri(fakeTCP(t, eachOf(pages)).uri))
	for _, text := range texts {
		for number := 501; number <= 507; number++ {
			pages <- strings.Replace(truth.page(), strconv.Itoa(number), text, 1)
			p := e.scrape(t)
			p.wantDown(t, "")
			if t.Failed() {
				t.Fatalf("%q in the place of %d:\n%s", text, number, p.data())
			}
		}
	}
	pages <- truth.page()
	e.scrape(t).wantUp(t, "", truth)
}
