package inject

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/sidecar"
	"nginx-exporter/internal/snippet"
)

// corpus returns the manifests for round trips, by name.
func corpus(tb testing.TB) map[string]string {
	tb.Helper()
	files, err := filepath.Glob("testdata/corpus/*")
	made, _ := filepath.Glob("testdata/corpus/gen-*") // generated at random
	if n := len(files) - len(made); err != nil || n < 100 {
		tb.Fatalf("%d manifests by people and tools, want at least 100 (%v)", n, err)
	}
	manifests := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		manifests[filepath.Base(file)] = string(b)
	}
	return manifests
}

// shapes are variations of a file.
func shapes() map[string]func(string) string {
	return map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"no line break":    func(s string) string { return strings.TrimSuffix(s, "\n") },
		"CRLF, cut":        func(s string) string { return strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\r\n") },
		"byte order mark":  func(s string) string { return bom + s },
		"blank lines":      func(s string) string { return "\n\n" + s + "\n\n" },
		"one of two":       func(s string) string { return s + "---\n" + s },
		"CRLF, one of two": func(s string) string { return strings.ReplaceAll(s+"\n---\n"+s, "\n", "\r\n") },
		"document end":     func(s string) string { return s + "...\n" },
	}
}

func optionSets() map[string]Options {
	set := func(change func(*Options)) Options {
		o := Defaults("0.1.0")
		change(&o)
		return o
	}
	return map[string]Options{
		"defaults": set(func(*Options) {}),
		"all":      set(func(o *Options) { o.All = true }),
		"ordinary": set(func(o *Options) { o.Native = sidecar.NativeNever }),
		"status": set(func(o *Options) {
			o.StatusConfig = true
			o.ScrapeURI = "http://127.0.0.1:18080/stub_status"
		}),
		"marked": set(func(o *Options) {
			o.Args = []string{"--log.level=debug", "- odd: 'arg' # \"x\""}
			o.Labels = []Pair{{"scrape", "yes"}}
			o.Annotations = []Pair{{"prometheus.io/scrape", "true"}, {"note", "a: b # c"}}
		}),
		"everything": set(func(o *Options) {
			o.All, o.HostNetwork, o.StatusConfig = true, true, true
			o.ScrapeURI = "http://127.0.0.1:18080/stub_status"
			o.Native = sidecar.NativeNever
			o.Annotations = []Pair{{"prometheus.io/scrape", "true"}}
			o.OpenShift, o.PullSecret = true, "registry"
		}),
		"log":            set(func(o *Options) { o.AccessLog = true }),
		"log, ordinary":  set(func(o *Options) { o.AccessLog, o.Native = true, sidecar.NativeNever }),
		"log and status": set(func(o *Options) { o.AccessLog, o.StatusConfig = true, true }),
	}
}

// TestRoundTrip injects into every manifest, in every shape and with every set of options: a second run changes nothing,
// uninject restores the file, nothing but the additions is added, and no line is lost. Each set of options has one shape
// of a manifest, so that the sets together have all of them.
func TestRoundTrip(t *testing.T) {
	manifests := corpus(t)
	ways := shapes()
	names := slices.Sorted(maps.Keys(ways))
	sets := optionSets()
	for turn, set := range slices.Sorted(maps.Keys(sets)) {
		t.Run(set, func(t *testing.T) {
			for i, name := range slices.Sorted(maps.Keys(manifests)) {
				shape := names[(i+turn)%len(names)]
				injected := roundTrip(t, name+", "+shape, ways[shape](manifests[name]), sets[set])
				if injected == 0 && set == "defaults" {
					t.Errorf("%s: nothing was injected", name)
				}
			}
		})
	}
	if len(names) > len(sets) {
		t.Errorf("%d shapes do not fit into %d turns", len(names), len(sets))
	}
}

func roundTrip(t *testing.T, name, in string, o Options) int {
	t.Helper()
	out, outcomes, err := inject(in, o)
	if err != nil {
		// A shape may be invalid YAML.
		if _, bad := decode(strings.TrimPrefix(in, bom)); bad == nil && !strings.HasPrefix(in, "%YAML") {
			t.Errorf("%s: %v", name, err)
		}
		return 0
	}
	injected := 0
	for _, outcome := range outcomes {
		if outcome.Status == Injected {
			injected++
		}
		if outcome.Detail == errLayout.Error() && !uneditable(name, in) {
			t.Errorf("%s: %s: %s", name, outcome.title, outcome.Detail)
		}
	}
	if (injected > 0) != (out != in) {
		t.Errorf("%s: injected %d, but changed is %v", name, injected, out != in)
	}
	if twice, again, err := inject(out, o); err != nil || twice != out {
		t.Errorf("%s: a second run changes the file (%v)\n%s%s", name, err, reportOf(again, nil), twice)
	}
	if back, _, err := Uninject(out); err != nil || back != in {
		t.Errorf("%s: uninject did not restore the file (%v)\n%s", name, err, back)
	}
	if missing := firstLost(in, out); missing != "" {
		t.Errorf("%s: lost the line %q", name, missing)
	}
	checkMeaning(t, name, in, out, outcomes, o)
	return injected
}

// uneditable reports whether a manifest is one of the few that cannot be edited with some options: with an explicit key
// (? key) first, or a block scalar that ends without a line break.
func uneditable(name, in string) bool {
	file, _, _ := strings.Cut(name, ",")
	return slices.Contains([]string{"explicit-keys.yaml"}, file) || breakOf(in) == "" && slices.Contains([]string{"last-scalar-literal.yaml", "batch-job-indexed.yaml"}, file)
}

// firstLost returns the first line that is missing in the result. Lines in flow style may have become longer, and replaced
// lines are in a comment.
func firstLost(in, out string) string {
	rest := out
	for line := range strings.Lines(in) {
		line = strings.TrimRight(line, "\r\n")
		for _, part := range []string{line, "# was: " + strings.TrimLeft(line, " ")} {
			if at := strings.Index(rest, part); at >= 0 {
				rest, line = rest[at+len(part):], ""
				break
			}
		}
		if line != "" && !strings.ContainsAny(line, "[{") && !strings.Contains(line, "null") {
			return line
		}
	}
	return ""
}

// checkMeaning compares the decoded result with the decoded input, to which the test itself adds the sidecar.
func checkMeaning(t *testing.T, name, in, out string, outcomes []Outcome, o Options) {
	t.Helper()
	want, got := values(t, name, in), values(t, name, out)
	var patched []any
	var last Outcome // whose pods later objects may share
	next := 0
	for _, doc := range want {
		var configs []any
		for _, object := range members(doc) {
			outcome := outcomes[next]
			next++
			if outcome.Status == Injected {
				last = outcome
				configs = append(configs, patch(object, last, o)...)
			} else if outcome.Reason == reasonShared {
				patch(object, last, o)
			}
		}
		patched = append(append(patched, doc), configs...)
	}
	if next != len(outcomes) {
		t.Fatalf("%s: %d objects, %d outcomes", name, next, len(outcomes))
	}
	if !reflect.DeepEqual(patched, got) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, dump(t, got), dump(t, patched))
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// values decodes a stream. A duplicate key is an error.
func values(t *testing.T, name, s string) []any {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(maskEscapes(s)))
	var all []any
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, s)
		}
		if v != nil {
			all = append(all, v)
		}
	}
}

type tree = map[string]any

// members lists the objects of a document, in the order of outcomes.
func members(doc any) []tree {
	object, _ := doc.(tree)
	kind, _ := object["kind"].(string)
	if kind == "" {
		return nil
	}
	items, isList := object["items"].([]any)
	if !isList || !strings.HasSuffix(kind, "List") {
		return []tree{object}
	}
	var all []tree
	for _, item := range items {
		all = append(all, members(item)...)
	}
	return all
}

// patch adds the sidecar to a decoded object, and returns its ConfigMap.
func patch(object tree, outcome Outcome, o Options) []any {
	template := object
	switch object["kind"] {
	case "Pod":
	case "PodTemplate":
		template = object["template"].(tree)
	case "CronJob":
		template = object["spec"].(tree)["jobTemplate"].(tree)["spec"].(tree)["template"].(tree)
	case "ScaledJob":
		template = object["spec"].(tree)["jobTargetRef"].(tree)["template"].(tree)
	default:
		template = object["spec"].(tree)["template"].(tree)
	}
	spec := template["spec"].(tree)
	var container tree
	if err := encode(o.Options.Container()).Decode(&container); err != nil {
		return []any{err}
	}
	if o.IsNative() {
		inits, _ := spec["initContainers"].([]any)
		spec["initContainers"] = slices.Concat([]any{container}, inits)
	} else {
		spec["containers"] = append(spec["containers"].([]any), container)
	}
	addPairs(template, "labels", o.Labels)
	addPairs(template, "annotations", o.Annotations)
	if o.PullSecret != "" {
		secrets, _ := spec["imagePullSecrets"].([]any)
		spec["imagePullSecrets"] = slices.Concat([]any{tree{"name": o.PullSecret}}, secrets)
	}
	return patchNginx(spec, outcome, o)
}

// patchNginx adds volumes and mounts for the status server and the access log, and returns their ConfigMap.
func patchNginx(spec tree, outcome Outcome, o Options) []any {
	files, err := configOf(o, outcome)
	if err != nil {
		return []any{err}
	}
	name := strings.TrimRight(outcome.Name, "-") + "-" + strings.ToLower(outcome.Kind) + "-nginx-exporter-status"
	var added []any
	if len(files) > 0 {
		added = append(added, tree{"name": statusVolume, "configMap": tree{"name": name}})
	}
	if o.AccessLog {
		added = append(added, tree{"name": sidecar.LogVolume, "emptyDir": tree{}})
	}
	if len(added) == 0 {
		return nil
	}
	volumes, _ := spec["volumes"].([]any)
	spec["volumes"] = slices.Concat(added, volumes)
	running := slices.Clone(spec["containers"].([]any))
	inits, _ := spec["initContainers"].([]any)
	for _, c := range inits {
		if c.(tree)["restartPolicy"] == "Always" {
			running = append(running, c)
		}
	}
	for _, c := range running {
		c := c.(tree)
		image, _ := c["image"].(string)
		if isNginx(image) && c["name"] != sidecar.Name {
			mounts, _ := c["volumeMounts"].([]any)
			c["volumeMounts"] = slices.Concat(mountsOf(files, image, o), mounts)
		}
	}
	if len(files) == 0 {
		return nil
	}
	metadata := tree{"name": name}
	if outcome.Namespace != "" {
		metadata["namespace"] = outcome.Namespace
	}
	return []any{tree{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}}
}

// configOf returns the files of the ConfigMap. The outcome says whether it could be added.
func configOf(o Options, outcome Outcome) (tree, error) {
	files := tree{}
	byHand := slices.ContainsFunc(outcome.Notes, func(note string) bool { return strings.Contains(note, "nothing is logged until") })
	if o.AccessLog && !byHand {
		text, err := snippet.AccessLog()
		if err != nil {
			return nil, err
		}
		files[logFile] = "# Access log of nginx, for the exporter in the same pod.\n" + text
	}
	if o.StatusConfig {
		page, err := statusPageOf(o.ScrapeURI)
		if err != nil {
			return nil, err
		}
		if files[statusFile], err = page.config(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// mountsOf returns what nginx's container mounts.
func mountsOf(files tree, image string, o Options) (mounts []any) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		mounts = append(mounts, tree{"name": statusVolume, "mountPath": includedIn(image) + "/" + name, "subPath": name, "readOnly": true})
	}
	if o.AccessLog {
		mounts = append(mounts, tree{"name": sidecar.LogVolume, "mountPath": sidecar.SpoolDir})
	}
	return mounts
}

// includedIn returns the directory of the status server for the images of the corpus.
func includedIn(image string) string {
	switch {
	case strings.Contains(image, "bitnami/nginx"):
		return "/opt/bitnami/nginx/conf/server_blocks"
	case strings.Contains(image, "ubi9/nginx"):
		return "/opt/app-root/etc/nginx.d"
	}
	return "/etc/nginx/conf.d"
}

func addPairs(template tree, key string, pairs []Pair) {
	if len(pairs) == 0 {
		return
	}
	metadata, _ := template["metadata"].(tree)
	if metadata == nil {
		metadata = tree{}
		template["metadata"] = metadata
	}
	have, _ := metadata[key].(tree)
	if have == nil {
		have = tree{}
		metadata[key] = have
	}
	for _, p := range pairs {
		if _, found := have[p.Key]; !found {
			have[p.Key] = p.Value
		}
	}
}
