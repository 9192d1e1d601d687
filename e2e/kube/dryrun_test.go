package kube

import "testing"

func TestDocuments(t *testing.T) {
	t.Parallel()
	text := "# head\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: 'b'\ndata:\n  x: \"kind: no\"\n" +
		"--- # more\nkind: \"Role\"\napiVersion: rbac.authorization.k8s.io/v1\n---\nreplicas: 1\n"
	all := Documents(text)
	if len(all) != 2 {
		t.Fatalf("%d documents, want 2: %+v", len(all), all)
	}
	if m := all[0]; m.APIVersion != "v1" || m.Kind != "ConfigMap" || m.Namespace != "b" {
		t.Errorf("first document: %+v", m)
	}
	if m := all[1]; m.APIVersion != "rbac.authorization.k8s.io/v1" || m.Kind != "Role" || m.Namespace != "" {
		t.Errorf("second document: %+v", m)
	}
}
