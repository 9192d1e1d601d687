package scenario

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

// dryRunResult counts documents by the response of the API server.
type dryRunResult struct {
	accepted int
	unknown  []string
	rejected []error
}

// installCRDs creates the CRDs and waits until they are served.
func (s *Scenario) installCRDs(ctx context.Context) error {
	if _, err := s.cluster.Kubectl(ctx, "", "create", "-f", s.tools.CRDs); err != nil {
		return err
	}
	if _, err := s.cluster.Kubectl(ctx, "", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"); err != nil {
		return err
	}
	// A CRD is established a little before discovery has it.
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

// dryRun validates all documents of a text.
func (s *Scenario) dryRun(ctx context.Context, t *dryRunResult, name, text string) {
	for _, m := range kube.Documents(text) {
		err := s.ensureNamespace(ctx, m.Namespace)
		if err == nil {
			err = s.cluster.Client.DryRun(ctx, m, shop)
		}
		switch {
		case err == nil:
			t.accepted++
		case errors.Is(err, kube.ErrUnknownKind):
			if kind := m.Kind + " of " + m.APIVersion; !slices.Contains(t.unknown, kind) {
				t.unknown = append(t.unknown, kind)
			}
		default:
			t.rejected = append(t.rejected, fmt.Errorf("%s: %s: %w", name, m.Kind, err))
		}
	}
}

// ensureNamespace creates a namespace, since a dry run does not.
func (s *Scenario) ensureNamespace(ctx context.Context, namespace string) error {
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
	// No pod is admitted before that.
	return s.await(ctx, time.Minute, func(ctx context.Context) error {
		return s.cluster.Client.Get(ctx, "/api/v1/namespaces/"+namespace+"/serviceaccounts/default", &found)
	})
}

// object is a part of an API object.
type object = map[string]any

// printResult prints a result. It returns the rejections, or an error if there were no
// documents.
func (s *Scenario) printResult(t *dryRunResult) error {
	s.printf("   %d objects accepted", t.accepted)
	if len(t.unknown) > 0 {
		s.printf("   skipped, since the cluster does not have these kinds: %s", strings.Join(t.unknown, ", "))
	}
	if t.accepted == 0 {
		t.rejected = append(t.rejected, errors.New("no objects to validate"))
	}
	return errors.Join(t.rejected...)
}

// takeOver is required for an adapter by helm template, which cannot see whether the cluster has another.
const takeOver = "autoscaling.adapter.install.takeOver=true"

// dryRunChart validates the chart with each of its value sets.
func (s *Scenario) dryRunChart(ctx context.Context) error {
	sets, err := filepath.Glob(filepath.Join(s.chart(), "ci", "*-values.yaml"))
	if err != nil {
		return err
	}
	own, err := filepath.Glob(s.file("e2e", "manifests", "*.values.yaml"))
	if err != nil {
		return err
	}
	var t dryRunResult
	for _, values := range append(sets, own...) {
		// With the capabilities of the cluster.
		text, err := s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--validate", "--values", values, "--set", takeOver)
		if err != nil && strings.Contains(err.Error(), "no matches for kind") {
			text, err = s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--kube-version", "1.36.0", "--values", values, "--set", takeOver)
		}
		if err != nil {
			return err
		}
		s.dryRun(ctx, &t, filepath.Base(values), text)
	}
	s.printf("   %d value sets", len(sets)+len(own))
	return s.printResult(&t)
}

// dryRunExamples validates what a user would apply: manifests, the chart with
// example values, and kustomizations.
func (s *Scenario) dryRunExamples(ctx context.Context) error {
	var t dryRunResult
	top := s.file("examples", "kubernetes")
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		text, err := s.example(ctx, path, entry)
		if err != nil {
			t.rejected = append(t.rejected, err)
			return nil
		}
		name, err := filepath.Rel(top, path)
		s.dryRun(ctx, &t, name, text)
		return err
	})
	return errors.Join(err, s.printResult(&t))
}

// example returns the manifests of a file or directory; none if it is a part of
// another example.
func (s *Scenario) example(ctx context.Context, path string, entry fs.DirEntry) (string, error) {
	if entry.IsDir() {
		kustomization, err := os.ReadFile(filepath.Join(path, "kustomization.yaml"))
		if err != nil || strings.Contains(string(kustomization), "kind: Component") {
			return "", nil //nolint:nilerr // not a kustomization
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
		return s.helm(ctx, "template", release, s.chart(), "--namespace", shop, "--kube-version", "1.36.0", "--values", path, "--set", takeOver)
	}
	return string(text), nil
}

// dryRunInject validates the output of inject for the manifests of its tests. The
// API server must accept a manifest with the sidecar if it accepts it without, and
// otherwise reject both for the same reasons.
func (s *Scenario) dryRunInject(ctx context.Context) error {
	files, err := filepath.Glob(s.file("internal", "inject", "testdata", "corpus", "*.yaml"))
	if err != nil {
		return err
	}
	var all dryRunResult
	valid, invalid := 0, 0
	for _, file := range files {
		before, after, err := s.beforeAndAfter(ctx, file)
		if err != nil {
			return err
		}
		if was, is := errors.Join(before.rejected...), errors.Join(after.rejected...); !sameRejection(was, is) {
			all.rejected = append(all.rejected, fmt.Errorf("%s: with the sidecar: %w; without: %w", filepath.Base(file), is, was))
		}
		if len(before.rejected) > 0 {
			invalid++
		} else if before.accepted > 0 {
			valid++
		}
		all.accepted += after.accepted
		all.unknown = append(all.unknown, after.unknown...)
	}
	slices.Sort(all.unknown)
	all.unknown = slices.Compact(all.unknown)
	s.printf("   with the sidecar %d manifests are accepted, and %d rejected for the same reasons as without", valid, invalid)
	return s.printResult(&all)
}

// beforeAndAfter validates a manifest without and with the sidecar.
func (s *Scenario) beforeAndAfter(ctx context.Context, file string) (before, after dryRunResult, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return before, after, err
	}
	s.dryRun(ctx, &before, filepath.Base(file), substituteDefaults(string(text)))
	injected, err := s.inject(ctx, "--report=none", "--status-config", file)
	if err != nil {
		return before, after, err
	}
	s.dryRun(ctx, &after, filepath.Base(file), substituteDefaults(injected))
	return before, after, nil
}

// substituteDefaults replaces variables by their defaults, as Flux does.
func substituteDefaults(text string) string {
	return regexp.MustCompile(`\$\{\w+:=([^}]*)\}`).ReplaceAllString(text, "$1")
}

// sameRejection compares errors of the API server as sets of words: the order of
// reasons is not fixed, and the sidecar is inserted before other init containers.
func sameRejection(a, b error) bool {
	noise := regexp.MustCompile(`\[[0-9]+\]|[][,]`)
	arguments := func(err error) []string {
		all := strings.Fields(noise.ReplaceAllString(fmt.Sprint(err), " "))
		slices.Sort(all)
		return all
	}
	return slices.Equal(arguments(a), arguments(b))
}
