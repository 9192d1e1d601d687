package scenario

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestSnapshot(t *testing.T) {
	take := func(objects ...string) snapshot {
		all := snapshot{}
		for _, text := range objects {
			var item object
			if err := json.Unmarshal([]byte(text), &item); err != nil {
				t.Fatal(err)
			}
			if key := stable(item); key != "" {
				text, err := json.Marshal(item)
				if err != nil {
					t.Fatal(err)
				}
				all[key] = string(text)
			}
		}
		return all
	}
	before := take(
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "kept", "uid": "1", "resourceVersion": "1"}}`,
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "recreated", "uid": "2"}}`,
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "deleted", "uid": "3"}}`,
		`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "web"}, "spec": {"replicas": 1}}`,
	)
	now := take(
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "kept", "uid": "1", "resourceVersion": "2"}}`,
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "recreated", "uid": "4"}}`,
		`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "web"}, "spec": {"replicas": 4}, "status": {"replicas": 4}}`,
		`{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": "owned", "ownerReferences": [{}]}}`,
		`{"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "a", "name": "added"}}`,
	)
	var got []string
	for _, line := range before.differences(now) {
		line, _, _ = strings.Cut(line, "\n")
		got = append(got, line)
	}
	want := []string{"- v1 ConfigMap a/deleted", "~ v1 ConfigMap a/recreated", "+ v1 Secret a/added"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
