package story

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"nginx-exporter/e2e/kube"
)

// tally counts what the API server took.
type tally struct {
	taken   int
	unknown []string
	refused []error
}

// installCRDs creates what the folder has, and waits until it is served.
func (s *Story) installCRDs(ctx context.Context) error {
	if _, err := s.cluster.Kubectl(ctx, "", "create", "-f", s.tools.CRDs); err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"); err != nil {
		return err
	}
	// Established comes a little before discovery.
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		var list struct{}
		for _, path := range []string{"/apis/monitoring.coreos.com/v1/podmonitors", "/apis/keda.sh/v1alpha1/scaledobjects"} {
			if err := s.cluster.Client.Get(ctx, path, &list); err != nil {
				return err
			}
		}
		return nil
	})
}

// try has the API server take all documents of a text.
func (s *Story) try(ctx context.Context, t *tally, name, text string) {
	for _, m := range kube.Documents(text) {
		err := s.ensure(ctx, m.Namespace)
		if err == nil {
			_, err = s.cluster.Client.DryRun(ctx, m, shop)
		}
		switch {
		case err == nil:
			t.taken++
		case errors.Is(err, kube.ErrNoKind):
			if kind := m.Kind + " of " + m.APIVersion; !slices.Contains(t.unknown, kind) {
				t.unknown = append(t.unknown, kind)
			}
		default:
			t.refused = append(t.refused, fmt.Errorf("%s: %s: %w", name, m.Kind, err))
		}
	}
}

// ensure makes a namespace, since a dry run does not.
func (s *Story) ensure(ctx context.Context, namespace string) error {
	if namespace == "" {
		namespace = shop
	}
	var found struct{}
	err := s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+namespace, &found)
	if !kube.IsNotFound(err) {
		return err
	}
	if err := s.cluster.Client.Create(ctx, "/api/v1/namespaces", object{
		"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": namespace},
	}, nil); err != nil {
		return err
	}
	// Until then, no pod is admitted.
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		return s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+namespace+"/serviceaccounts/default", &found)
	})
}

// object is a part of what the API server is told.
type object = map[string]any

// result prints a tally; what was refused is an error, and so is nothing at all.
func (s *Story) result(t *tally) error {
	s.say("   %d objects taken", t.taken)
	if len(t.unknown) > 0 {
		s.say("   not tried, since the cluster does not have these kinds: %s", strings.Join(t.unknown, ", "))
	}
	if t.taken == 0 {
		t.refused = append(t.refused, errors.New("there was nothing to try"))
	}
	return errors.Join(t.refused...)
}

// dryRunChart tries the chart with each of its value sets.
func (s *Story) dryRunChart(ctx context.Context) error {
	sets, err := filepath.Glob(filepath.Join(s.chart(), "ci", "*-values.yaml"))
	if err != nil {
		return err
	}
	own, err := filepath.Glob(s.file("e2e", "manifests", "*.values.yaml"))
	if err != nil {
		return err
	}
	var t tally
	for _, values := range append(sets, own...) {
		// Against the cluster: capabilities are those that it has.
		text, err := s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--validate", "--values", values)
		if err != nil && strings.Contains(err.Error(), "no matches for kind") {
			text, err = s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--kube-version", "1.36.0", "--values", values)
		}
		if err != nil {
			return err
		}
		s.try(ctx, &t, filepath.Base(values), text)
	}
	s.say("   %d value sets", len(sets)+len(own))
	return s.result(&t)
}

// dryRunExamples tries what a user would apply: manifests as they are, values
// through the chart, folders of kustomize built.
func (s *Story) dryRunExamples(ctx context.Context) error {
	var t tally
	top := s.file("examples", "kubernetes")
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		text, err := s.example(ctx, path, entry)
		if err != nil {
			t.refused = append(t.refused, err)
			return nil
		}
		name, err := filepath.Rel(top, path)
		s.try(ctx, &t, name, text)
		return err
	})
	return errors.Join(err, s.result(&t))
}

// example is what the file, or the folder, would apply; nothing if it is only a
// part of something.
func (s *Story) example(ctx context.Context, path string, entry fs.DirEntry) (string, error) {
	if entry.IsDir() {
		kustomization, err := os.ReadFile(filepath.Join(path, "kustomization.yaml"))
		if err != nil || strings.Contains(string(kustomization), "kind: Component") {
			return "", nil //nolint:nilerr // a folder without it is not built
		}
		return s.cluster.Kubectl(ctx, "", "kustomize", path)
	}
	if filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml" {
		return "", nil
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "kustomization.yaml")); err == nil {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if strings.Contains(filepath.Base(path), "values") {
		return s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--kube-version", "1.36.0", "--values", path)
	}
	return string(text), nil
}

// dryRunInject tries what inject makes of the manifests of its own tests, which
// are shaped like real ones. What the API server says of a manifest it must say
// of it with the sidecar too: nothing, or the very same of what is wrong with
// those that are made to look odd.
func (s *Story) dryRunInject(ctx context.Context) error {
	files, err := filepath.Glob(s.file("internal", "inject", "testdata", "corpus", "*.yaml"))
	if err != nil {
		return err
	}
	var all tally
	whole, odd := 0, 0
	for _, file := range files {
		before, after, err := s.beforeAndAfter(ctx, file)
		if err != nil {
			return err
		}
		if was, is := errors.Join(before.refused...), errors.Join(after.refused...); !sameRefusal(was, is) {
			all.refused = append(all.refused, fmt.Errorf("%s: with the sidecar: %w; without: %w", filepath.Base(file), is, was))
		}
		if len(before.refused) > 0 {
			odd++
		} else if before.taken > 0 {
			whole++
		}
		all.taken += after.taken
		all.unknown = append(all.unknown, after.unknown...)
	}
	slices.Sort(all.unknown)
	all.unknown = slices.Compact(all.unknown)
	s.say("   %d manifests are taken as before; of %d the API server says what it said before", whole, odd)
	return s.result(&all)
}

// beforeAndAfter tries a manifest, and what inject makes of it.
func (s *Story) beforeAndAfter(ctx context.Context, file string) (before, after tally, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return before, after, err
	}
	s.try(ctx, &before, filepath.Base(file), substituted(string(text)))
	injected, err := s.inject(ctx, "--report=none", "--status-config", file)
	if err != nil {
		return before, after, err
	}
	s.try(ctx, &after, filepath.Base(file), substituted(injected))
	return before, after, nil
}

// substituted has defaults in place of the variables that have one, as Flux puts
// them in before it applies a manifest.
func substituted(text string) string {
	return regexp.MustCompile(`\$\{\w+:=([^}]*)\}`).ReplaceAllString(text, "$1")
}

// sameRefusal compares what the API server said, word by word: the order of its
// reasons is not fixed, and the sidecar comes before other init containers.
func sameRefusal(a, b error) bool {
	noise := regexp.MustCompile(`\[[0-9]+\]|[][,]`)
	words := func(err error) []string {
		all := strings.Fields(noise.ReplaceAllString(fmt.Sprint(err), " "))
		slices.Sort(all)
		return all
	}
	return slices.Equal(words(a), words(b))
}
