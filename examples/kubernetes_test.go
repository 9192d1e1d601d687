//go:build unix

package examples_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/proctest"
)

var update = flag.Bool("update", false, "rewrite the manifests that inject makes")

// TestGoldenInjected compares the injected manifests with the output of the command
// in the README, and checks that the exporter accepts the arguments in them.
func TestGoldenInjected(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nginx-exporter")
	atRoot(t, "scripts/build.sh", program)
	command := regexp.MustCompile(`(?m)^bin/nginx-exporter inject (.*\.yaml) \| kubectl `)
	link := regexp.MustCompile(`\]\(([^)]*\.injected\.yaml)\)`)
	for _, readme := range clusterReadmes(t) {
		text := read(t, readme)
		match := command.FindStringSubmatch(text)
		if match == nil {
			continue
		}
		t.Run(filepath.Dir(readme), func(t *testing.T) {
			named := link.FindStringSubmatch(text)
			if named == nil {
				t.Fatalf("%s runs inject without a link to the result", readme)
			}
			golden := filepath.Join(filepath.Dir(readme), named[1])
			made := atRoot(t, program, append([]string{"inject", "--report=none", "--require"}, strings.Fields(match[1])...)...)
			if *update {
				write(t, golden, made)
			} else if made != read(t, golden) {
				t.Errorf("%s is outdated, run make golden; the output is\n%s", golden, made)
			}
			for _, args := range exporterArguments(t, made) {
				atRoot(t, program, append([]string{"check-config"}, args...)...)
			}
		})
	}
}

// TestClusterReadmes checks that the files, objects and labels in commands of the
// READMEs exist.
func TestClusterReadmes(t *testing.T) {
	for _, readme := range clusterReadmes(t) {
		present := objects(t, filepath.Dir(readme))
		for line := range strings.Lines(strings.Join(blocks(t, readme, "sh cluster"), "\n")) {
			for _, path := range regexp.MustCompile(`\b(?:examples|charts)/[\w./-]+`).FindAllString(line, -1) {
				if _, err := os.Stat(filepath.Join(repository, path)); err != nil {
					t.Errorf("%s: %s%v", readme, line, err)
				}
			}
			for _, name := range named(line) {
				if !present[name] {
					t.Errorf("%s: %sno manifest has %s", readme, line, name)
				}
			}
		}
	}
}

// TestClusterImage checks that the READMEs load the image that is built.
func TestClusterImage(t *testing.T) {
	image := "nginx-exporter:" + strings.TrimSpace(read(t, filepath.Join(repository, "VERSION")))
	for _, readme := range clusterReadmes(t) {
		for _, written := range regexp.MustCompile(`\bnginx-exporter:[0-9][\w.-]*`).FindAllString(read(t, readme), -1) {
			if written != image {
				t.Errorf("%s has %s, but make image builds %s", readme, written, image)
			}
		}
	}
}

// named returns the labels and the objects of ours that a command names, as
// objects does.
func named(command string) []string {
	var names []string
	for _, match := range regexp.MustCompile(`(?:-l |labelSelector=)app(?:=|%3D)([a-z]+)`).FindAllStringSubmatch(command, -1) {
		names = append(names, "app="+match[1])
	}
	if !strings.Contains(command, "--namespace shop") {
		return names // installed from elsewhere
	}
	object := regexp.MustCompile(`\s(deployment|statefulset|daemonset|job|cronjob|hpa|scaledobject|prometheusrule|configmap)(?:/| )([a-z][a-z0-9-]+)`)
	for _, match := range object.FindAllStringSubmatch(command, -1) {
		kind := match[1]
		if kind == "hpa" {
			kind = "horizontalpodautoscaler"
		}
		names = append(names, kind+"/"+match[2])
	}
	return names
}

// TestLoad runs the load generator of the examples on a real nginx: each request has
// a connection of its own, and there are not more than the READMEs say.
func TestLoad(t *testing.T) {
	c := newClone(t, map[string]bool{})
	folder, port := c.server(t), freePort(t, map[string]bool{})
	write(t, filepath.Join(folder, "conf.d/load.conf"), "server { listen 127.0.0.1:"+port+"; location / { return 204; } location = /status { stub_status; } }")
	start(t, folder, c.environment(), "bash", "-c", "exec nginx -p . -c nginx.conf -g 'daemon off;'")
	status := &counters{url: "http://127.0.0.1:" + port + "/status"}
	proctest.Until(t, "a response of nginx", func() bool { return status.read(t) })

	const least, atOnce, perSecond = 170, 20, 100
	script, _ := at(documents(t, "kubernetes/load.yaml")[0], "spec", "template", "spec", "containers", 0, "command", 2).(string)
	started := time.Now()
	start(t, folder, append(c.environment(), "URL=http://127.0.0.1:"+port+"/"), "sh", "-c", script)
	proctest.Until(t, "load", func() bool { return status.read(t) && status.requests >= least })
	if took, shortest := time.Since(started), time.Second*(least-atOnce)*9/10/perSecond; took < shortest {
		t.Errorf("%d requests within %s are more than %d per second", status.requests, took, perSecond)
	}
	if status.connections < status.requests {
		t.Errorf("%d requests on %d connections", status.requests, status.connections)
	}
}

// counters has the counters of nginx, without the requests to read them.
type counters struct {
	url                        string
	connections, requests, own int
}

func (c *counters) read(t *testing.T) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "curl", "-sf", c.url).Output()
	if err != nil {
		return false
	}
	c.own++
	lines := strings.Split(string(out), "\n")
	if len(lines) < 3 {
		t.Fatalf("response of nginx: %q", out)
	}
	if _, err := fmt.Sscan(lines[2], &c.connections, new(int), &c.requests); err != nil {
		t.Fatalf("response of nginx: %q: %v", out, err)
	}
	c.connections -= c.own
	c.requests -= c.own
	return true
}

// start runs a program, which ends with the test, and so do its children.
func start(t *testing.T, folder string, environment []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...) //nolint:noctx // proctest ends it
	cmd.Dir, cmd.Env = folder, environment
	proctest.Start(t, "", cmd)
}

// clusterReadmes returns the READMEs whose commands need a cluster.
func clusterReadmes(t *testing.T) []string {
	t.Helper()
	found := slices.DeleteFunc(find(t, "kubernetes", "README.md"), func(path string) bool {
		return !strings.Contains(read(t, path), "\n```sh cluster\n")
	})
	if len(found) < 7 {
		t.Fatalf("only %v have commands", found)
	}
	return found
}

// atRoot runs a program at the root of the tree and returns what it printed.
func atRoot(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr strings.Builder
	cmd.Dir, cmd.Stderr = repository, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

// documents returns the objects in a file.
func documents(t *testing.T, path string) []any {
	t.Helper()
	return parse(t, path, read(t, path))
}

func parse(t *testing.T, name, text string) []any {
	t.Helper()
	var all []any
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var object any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if object != nil {
			all = append(all, object)
		}
	}
}

// at returns the value at a path of keys and indices, or nil.
func at(node any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := node.(map[string]any)
			node = fields[step]
		case int:
			items, _ := node.([]any)
			if step >= len(items) {
				return nil
			}
			node = items[step]
		}
	}
	return node
}

// objects returns the objects in the manifests for a README, as kind/name, and the
// labels of their pods, as app=value.
func objects(t *testing.T, folder string) map[string]bool {
	t.Helper()
	present := map[string]bool{
		"job/rehearsal-now": true, // created by a command in a README
	}
	for _, place := range []string{"kubernetes", "kubernetes/hpa-adapter", folder} {
		paths, err := filepath.Glob(filepath.Join(place, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			for _, object := range documents(t, path) {
				kind, _ := at(object, "kind").(string)
				name, _ := at(object, "metadata", "name").(string)
				present[strings.ToLower(kind)+"/"+name] = true
				if kind == "ScaledObject" {
					present["horizontalpodautoscaler/keda-hpa-"+name] = true
				}
				if app, found := at(object, "spec", "template", "metadata", "labels", "app").(string); found {
					present["app="+app] = true
				}
			}
		}
	}
	return present
}

// exporterArguments returns the arguments of each exporter in the manifests.
func exporterArguments(t *testing.T, manifests string) [][]string {
	t.Helper()
	var all [][]string
	for _, object := range parse(t, "what inject makes", manifests) {
		pods := at(object, "spec", "template")
		if at(object, "kind") == "CronJob" {
			pods = at(object, "spec", "jobTemplate", "spec", "template")
		}
		container := at(pods, "spec", "initContainers", 0)
		if at(container, "name") != "nginx-exporter" {
			continue
		}
		list, _ := at(container, "args").([]any)
		var args []string
		for _, arg := range list {
			text, _ := arg.(string)
			args = append(args, text)
		}
		all = append(all, args)
	}
	if len(all) == 0 {
		t.Error("inject has added no exporter")
	}
	return all
}
