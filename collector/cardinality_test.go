package collector

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nginx-exporter/collector/internal/oracle"
	"nginx-exporter/internal/standin"
	"nginx-exporter/internal/standin/plustest"
)

// docs/plus.md gives the number of series of each object.
func TestSeriesOfObjects(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "plus.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(text), "<!-- series:begin -->")
	table, _, ends := strings.Cut(rest, "<!-- series:end -->")
	if !begins || !ends {
		t.Fatal("docs/plus.md has no table of series")
	}
	exposition := samplePage(t)
	for _, c := range []struct {
		object        string
		series, codes string // patterns of the object's series, and of those that the row excludes
	}{
		{"http upstream server", `server="10\.20\.0\.11:8080"`, `_codes|_duration_seconds_|_ssl_`},
		{"… with a histogram of response times (nginx 1.29.8)", `_duration_seconds_.*server="10\.20\.0\.11:8080"`, ""},
		{"http upstream", `^nginxplus_upstream_[a-z_]+\{.*upstream="shop"`, `upstream_server_|_queue_`},
		{"… with a queue", `_queue_.*upstream="shop"`, ""},
		{"http server zone", `^nginxplus_server_zone_.*"shop\.example\.com"`, `_codes|_ssl_`},
		{"http location zone", `^nginxplus_location_zone_.*"checkout"`, `_codes`},
		{"stream upstream server", `server="10\.20\.1\.5:5432"`, `_ssl_`},
		{"stream upstream", `^nginxplus_stream_upstream_[a-z_]+\{.*upstream="pg"`, `upstream_server_`},
		{"stream server zone", `^nginxplus_stream_server_zone_.*"postgres"`, `_ssl_`},
		{"cache", `^nginxplus_cache_.*"page_cache"`, ""},
		{"shared memory zone", `^nginxplus_slab_.*"page_cache"`, `_fails_`},
		{"worker", `^nginxplus_worker_.*id="0"`, ""},
		{"resolver", `^nginxplus_resolver_.*"cluster_dns"`, ""},
		{"`limit_req` zone", `^nginxplus_limit_request_.*"login"`, ""},
		{"`limit_conn` zone", `^nginxplus_limit_connection_.*"per_ip"`, ""},
		{"zone synchronization", `^nginxplus_stream_zone_sync_status_`, ""},
		{"nginx as a whole, with a license", `^nginxplus_(config|build|connections|http|license|processes|ssl)_`, ""},
	} {
		if got := countSeries(exposition, c.series, c.codes); !strings.Contains(table, "\n| "+c.object+" | "+strconv.Itoa(got)) {
			t.Errorf("a %s has %d series; docs/plus.md has another number in\n%s", c.object, got, table)
		}
	}
	for object, pattern := range map[string]string{
		"… with TLS":            `_ssl_.*server="10\.20\.0\.11:8080"`,
		"… with TLS to clients": `^nginxplus_server_zone_ssl_.*"shop\.example\.com"`,
	} {
		row := "| " + object + " | " + strconv.Itoa(countSeries(exposition, pattern, "")) + " more |"
		if strings.Count(table, row) != 2 {
			t.Errorf("docs/plus.md does not have %q for http and for stream", row)
		}
	}
}

// The sizes of whole servers are those of docs/plus.md.
func TestSeriesOfSizes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "plus.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]standin.Size{"S": standin.S(), "M": standin.M()} {
		server := plustest.Sized(size).Start()
		t.Cleanup(server.Close)
		exposition := oracle.Text(t, scrapeOnce(t, Options{ExporterMetrics: MetricsNone}, asking(t, server.URL)))
		row := regexp.MustCompile(`(?m)^\| ` + name + ` \|.*\| ([0-9,]+) \|.*\|.*\|.*\|$`).FindStringSubmatch(string(text))
		if row == nil {
			t.Fatalf("docs/plus.md has no row %s", name)
		}
		if got := countSeries(exposition, `^nginxplus_`, ""); strings.ReplaceAll(row[1], ",", "") != strconv.Itoa(got) {
			t.Errorf("size %s has %d series; docs/plus.md says %s", name, got, row[1])
		}
	}
}

func samplePage(tb testing.TB) string {
	tb.Helper()
	return oracle.Text(tb, scrapeOnce(tb, Options{ExporterMetrics: MetricsNone}, asking(tb, servePlus(tb).URL)))
}

// countSeries counts the series that match one pattern and not the other, if
// that is not empty.
func countSeries(exposition, pattern, but string) int {
	with := regexp.MustCompile(pattern)
	count := 0
	for line := range strings.Lines(exposition) {
		if with.MatchString(line) && (but == "" || !regexp.MustCompile(but).MatchString(line)) && !strings.HasPrefix(line, "#") {
			count++
		}
	}
	return count
}
