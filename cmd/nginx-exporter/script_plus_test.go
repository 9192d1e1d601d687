package main

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"nginx-exporter/collector"
	"nginx-exporter/internal/standin"
)

// startStandin starts an nginx whose status interface uses everything, and puts its
// address into $NAME: angie|plus|vts NAME [DOCUMENT THAT FAILS].
func startStandin(dialect standin.Dialect, documents map[string][]byte) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 && len(args) != 2 {
			ts.Fatalf("arguments: NAME [DOCUMENT]")
		}
		var options []standin.Option
		if len(args) == 2 {
			options = append(options, standin.WithStatus(args[1], http.StatusInternalServerError, ""))
		}
		server := standin.New(dialect, documents, options...).Start()
		ts.Defer(server.Close)
		ts.Setenv(args[0], strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), dialect.Path()))
	}
}

// eachSource enables and disables each collector, one after another, and compares
// the series. A collector whose name begins with a prefix is one of the target
// after it, all others are of the first target: eachsource TARGET [PREFIX TARGET]...
func eachSource(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args)%2 != 1 {
		ts.Fatalf("usage: eachsource TARGET [PREFIX TARGET]...")
	}
	for _, source := range collector.Sources() {
		uri := args[0]
		for i := 1; i < len(args); i += 2 {
			if strings.HasPrefix(source.Name, args[i]) {
				uri = args[i+1]
			}
		}
		with := seriesOf(ts, "--collector."+source.Name, "--nginx.scrape-uri="+uri)
		without := seriesOf(ts, "--no-collector."+source.Name, "--nginx.scrape-uri="+uri)
		for series := range without {
			if !with[series] {
				ts.Fatalf("%s appears if %s is disabled", series, source.Name)
			}
		}
		if len(with) <= len(without) {
			ts.Fatalf("%s has no series", source.Name)
		}
	}
}

// seriesOf starts an exporter and returns its series of nginx, without the
// values.
func seriesOf(ts *testscript.TestScript, args ...string) map[string]bool {
	const name = "each"
	startExporter(ts, false, append([]string{name}, args...))
	request := scriptRequest(ts, nil, ts.Getenv(name)+"/metrics")
	client := scriptClient(ts, nil)
	defer client.CloseIdleConnections()
	status, page, err := exchange(client, request)
	ts.Check(err)
	if status != http.StatusOK {
		ts.Fatalf("status %d", status)
	}
	end(ts, false, []string{name})
	all := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^(nginx|nginxplus|angie)_[^ ]+`).FindAllString(page, -1) {
		if !strings.HasPrefix(line, "nginx_exporter_") {
			all[line] = true
		}
	}
	return all
}
