package scenario

import (
	"context"
	"fmt"
	"os"
	"strings"
)

const (
	// scaledTo is the number that an HPA would have set, written that of the manifest.
	scaledTo = 5
	written  = 3
)

// replicas checks what taking replicas out of an applied manifest does: the number drops
// to one, and does not with the commands of examples/kubernetes/gitops.
func (s *Scenario) replicas(ctx context.Context) error {
	if err := s.ensureNamespace(ctx, shop); err != nil {
		return err
	}
	readme, err := os.ReadFile(s.file("examples", "kubernetes", "gitops", "README.md"))
	if err != nil {
		return err
	}
	clientSide, err := fence(string(readme), "set-last-applied")
	if err != nil {
		return err
	}
	serverSide, err := fence(string(readme), "--field-manager")
	if err != nil {
		return err
	}
	const (
		apply  = "kubectl --namespace shop apply -f examples/kubernetes/web.yaml\n"
		server = "kubectl --namespace shop apply --server-side --force-conflicts --field-manager=kustomize-controller -f "
	)
	const scale = "kubectl --namespace shop scale deployment/web --replicas=5\n"
	for _, c := range []struct {
		name, before, after string
		number, want        int
	}{
		{"kubectl apply", "kubectl --namespace shop apply -f -", scale + apply, scaledTo, 1},
		{"kubectl apply, as documented", "kubectl --namespace shop apply -f -", scale + clientSide + apply, scaledTo, scaledTo},
		// The number belongs to who wrote it last: the HPA, or Flux at its reconciliation.
		{"server-side, scaled since", server + "-", scale + server + "examples/kubernetes/web.yaml", scaledTo, scaledTo},
		{"server-side", server + "-", server + "examples/kubernetes/web.yaml", written, 1},
		{"server-side, as documented", server + "-", serverSide + server + "examples/kubernetes/web.yaml", written, written},
	} {
		got, err := s.takeOut(ctx, c.before, c.after)
		if err == nil && got != c.want {
			err = fmt.Errorf("%d replicas, want %d", got, c.want)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		s.printf("   %-34s %d replicas become %d", c.name, c.number, got)
	}
	return s.replicasOfHelm(ctx, string(readme))
}

// replicasOfHelm does the same for a release.
func (s *Scenario) replicasOfHelm(ctx context.Context, readme string) error {
	manifest, err := s.webManifest()
	if err != nil {
		return err
	}
	live, err := fence(readme, "lookup")
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name, spec string
		want       int
	}{
		{"helm upgrade", "spec:", 1},
		{"helm upgrade, as documented", strings.TrimSpace(live), scaledTo},
	} {
		chart := func(spec string) string {
			return "cat >chart/templates/web.yaml <<'MANIFEST'\n" + strings.Replace(manifest, "spec:", spec, 1) + "MANIFEST\n"
		}
		got, err := s.replicasAfter(ctx, "mkdir -p chart/templates\n"+
			"printf 'apiVersion: v2\\nname: web\\nversion: 1.0.0\\n' >chart/Chart.yaml\n"+
			chart(fmt.Sprintf("spec:\n  replicas: %d", written))+"helm --namespace shop install web chart\n"+
			fmt.Sprintf("kubectl --namespace shop scale deployment/web --replicas=%d\n", scaledTo)+
			chart(c.spec)+"helm --namespace shop upgrade web chart\n", "helm --namespace shop uninstall web")
		if err == nil && got != c.want {
			err = fmt.Errorf("%d replicas, want %d", got, c.want)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		s.printf("   %-34s %d replicas become %d", c.name, scaledTo, got)
	}
	return nil
}

// webManifest is the manifest of the examples.
func (s *Scenario) webManifest() (string, error) {
	text, err := os.ReadFile(s.file("examples", "kubernetes", "web.yaml"))
	return string(text), err
}

// takeOut applies the manifest with replicas, runs the commands that apply it without, and
// returns the number of replicas.
func (s *Scenario) takeOut(ctx context.Context, before, after string) (int, error) {
	manifest, err := s.webManifest()
	if err != nil {
		return 0, err
	}
	with := strings.Replace(manifest, "\nspec:\n", fmt.Sprintf("\nspec:\n  replicas: %d\n", written), 1)
	return s.replicasAfter(ctx, before+" <<'MANIFEST'\n"+with+"MANIFEST\n"+after, "kubectl --namespace shop delete deployment,service web")
}

// replicasAfter returns the number of replicas after the commands, and cleans up.
func (s *Scenario) replicasAfter(ctx context.Context, commands, cleanup string) (int, error) {
	if err := s.shell(ctx, commands); err != nil {
		return 0, err
	}
	var d struct{ Spec struct{ Replicas int } }
	if err := s.cluster.Client.Get(ctx, "/apis/apps/v1/namespaces/shop/deployments/web", &d); err != nil {
		return 0, err
	}
	return d.Spec.Replicas, s.shell(ctx, cleanup)
}
