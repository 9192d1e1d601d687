package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nginx-exporter/internal/picture"
)

// TestDocsSimulate runs the commands of docs/simulate.md, and compares the output of
// the first one, and its picture in the README.
func TestDocsSimulate(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"load.csv":    "time,rate\n2026-01-31T12:00:00Z,100\n2026-01-31T12:01:00Z,200\n2026-01-31T12:02:00Z,150\n",
		"requests.om": "# TYPE nginx_http_requests counter\nnginx_http_requests_total 0 1000\nnginx_http_requests_total 6000 1060\nnginx_http_requests_total 18000 1120\n# EOF\n",
		"hpa.yaml": "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  maxReplicas: 20\n" +
			"  metrics: [{type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 50}}}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	prometheus := prometheusWithLoad(t)
	run := func(command string) string {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(command, "http://localhost:9090", prometheus))
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "COLUMNS=100")
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", command, err, output)
		}
		return string(output)
	}
	const shown = "nginx-exporter autoscale simulate --load=flash-crowd --target=30,80 --capacity=100"
	output := run(shown)
	section(t, "docs/simulate.md", "simulate", "```console\n$ "+shown+"\n"+output+"```\n")
	generated(t, "docs/img/simulate.svg", picture.SVG(shown, output))
	text, err := os.ReadFile(fromRoot("docs/simulate.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^nginx-exporter autoscale simulate .*$`).FindAllString(string(text), -1)
	if len(commands) < 8 {
		t.Errorf("%d commands", len(commands))
	}
	for _, command := range commands {
		if output := run(command); !strings.Contains(output, "\nSETTING ") {
			t.Errorf("%s printed\n%s", command, output)
		}
	}
}

// prometheusWithLoad is a Prometheus with one series at any time.
func prometheusWithLoad(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		var values []string
		for at := start; at <= end; at += step {
			values = append(values, fmt.Sprintf(`[%.3f,"%d"]`, at, 100+int(at)%86400/100))
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
