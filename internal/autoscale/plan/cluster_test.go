package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"nginx-exporter/internal/doctor/cluster"
	"nginx-exporter/internal/inject"
)

// fakeCluster responds as kubectl and an API server do, from the objects of files.
type fakeCluster struct {
	tb      testing.TB
	about   string
	groups  []string
	objects map[string]map[string]any // by path
	failing map[string]string         // standard error by path
	writes  []string
}

// kinds are the plural names, by API version and kind. The first ones are in every cluster.
func kinds() map[string]string {
	return map[string]string{
		"v1 Namespace": "namespaces", "v1 ConfigMap": "configmaps", "v1 Service": "services", "v1 Pod": "pods",
		"v1 ServiceAccount": "serviceaccounts", "apps/v1 Deployment": "deployments", "apps/v1 StatefulSet": "statefulsets",
		"apps/v1 DaemonSet": "daemonsets", "autoscaling/v2 HorizontalPodAutoscaler": "horizontalpodautoscalers",
		"rbac.authorization.k8s.io/v1 ClusterRole": "clusterroles", "rbac.authorization.k8s.io/v1 ClusterRoleBinding": "clusterrolebindings",
		"rbac.authorization.k8s.io/v1 RoleBinding": "rolebindings", "apiregistration.k8s.io/v1 APIService": "apiservices",
		"monitoring.coreos.com/v1 Prometheus": "prometheuses", "monitoring.coreos.com/v1 PodMonitor": "podmonitors",
		"monitoring.coreos.com/v1 ServiceMonitor": "servicemonitors", "keda.sh/v1alpha1 ScaledObject": "scaledobjects",
		"argoproj.io/v1alpha1 Rollout": "rollouts", "autoscaling.gke.io/v1beta1 AutoscalingMetric": "autoscalingmetrics",
	}
}

func standardGroups() []string {
	return []string{"apps", "autoscaling", "rbac.authorization.k8s.io", "apiregistration.k8s.io"}
}

// readCluster reads the objects of a file. Its first document has what it is about, the
// files that it is based on, API groups, and what is left out of those files.
func readCluster(tb testing.TB, name string) *fakeCluster {
	tb.Helper()
	c := &fakeCluster{tb: tb, groups: standardGroups(), objects: map[string]map[string]any{}, failing: map[string]string{}}
	c.read(name)
	return c
}

func (c *fakeCluster) read(name string) {
	c.tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "clusters", name+".yaml"))
	if err != nil {
		c.tb.Fatal(err)
	}
	documents, err := decodeAll(string(text))
	if err != nil || len(documents) == 0 {
		c.tb.Fatalf("%s: %d documents, %v", name, len(documents), err)
	}
	var head struct {
		About                 string
		From, Groups, Without []string
	}
	b, _ := yaml.Marshal(documents[0]) // it was decoded
	if err := yaml.Unmarshal(b, &head); err != nil {
		c.tb.Fatal(err)
	}
	for _, from := range head.From {
		c.read(from)
	}
	c.about = head.About
	c.groups = append(c.groups, head.Groups...)
	for _, d := range documents[1:] {
		c.put(d)
	}
	for _, path := range head.Without {
		delete(c.objects, path)
	}
}

// put stores an object, as the API server returns it.
func (c *fakeCluster) put(of any) {
	object, ok := clone(of).(map[string]any)
	path := pathOf(objectOf(of))
	if !ok || path == "" {
		c.tb.Fatalf("not a known object: %v", of)
	}
	metadata, _ := object["metadata"].(map[string]any)
	metadata["resourceVersion"] = "7"
	c.objects[path] = object
}

// pathOf is the path of an object; empty for an unknown kind.
func pathOf(o Object) string {
	plural := kinds()[o.APIVersion+" "+o.Kind]
	if plural == "" {
		return ""
	}
	base := "/apis/" + o.APIVersion
	if o.APIVersion == "v1" {
		base = "/api/v1"
	}
	if o.Namespace != "" {
		base += "/namespaces/" + o.Namespace
	}
	return base + "/" + plural + "/" + o.Name
}

const notFound = "Error from server (NotFound): the server could not find the requested resource"

func (c *fakeCluster) run(_ context.Context, args []string) ([]byte, error) {
	if args[0] != "get" || args[1] != "--raw" {
		return []byte("shop"), nil // the namespace of the context
	}
	path, query, _ := strings.Cut(args[2], "?")
	if text, found := c.failing[path]; found {
		return nil, cluster.ErrorOf(text)
	}
	var response any
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	if parts[0] == "apis" && len(parts) > 1 {
		group = parts[1]
	}
	object, found := c.objects[path]
	switch {
	case path == "/apis":
		var groups []any
		for _, name := range c.groups {
			groups = append(groups, map[string]any{"name": name})
		}
		response = map[string]any{"groups": groups}
	case group != "" && !slices.Contains(c.groups, group):
		return nil, cluster.ErrorOf(notFound)
	case found:
		response = object
	default:
		if response = c.resourcesOrList(path, query); response == nil {
			return nil, cluster.ErrorOf(notFound)
		}
	}
	return json.Marshal(response)
}

// resourcesOrList is the response to the path of an API group or of a list; nil for any
// other.
func (c *fakeCluster) resourcesOrList(path, query string) any {
	var resources []any
	isList := false
	for key, plural := range kinds() {
		version, kind, _ := strings.Cut(key, " ")
		if path == "/apis/"+version || path == "/api/"+version {
			resources = append(resources, map[string]any{"name": plural, "kind": kind})
		}
		isList = isList || strings.HasSuffix(path, "/"+plural)
	}
	if resources != nil {
		return map[string]any{"resources": resources}
	}
	if !isList {
		return nil
	}
	values, _ := url.ParseQuery(query) // it is ours
	all := []any{}
	for _, at := range slices.Sorted(maps.Keys(c.objects)) {
		dir := at[:strings.LastIndex(at, "/")]
		inAny := strings.Contains(dir, "/namespaces/") && !strings.Contains(path, "/namespaces/") && strings.HasPrefix(dir, path[:strings.LastIndex(path, "/")]) && strings.HasSuffix(dir, path[strings.LastIndex(path, "/"):])
		if (dir == path || inAny) && hasLabels(c.objects[at], values.Get("labelSelector")) {
			all = append(all, c.objects[at])
		}
	}
	return map[string]any{"items": all}
}

func hasLabels(object map[string]any, selector string) bool {
	for part := range strings.SplitSeq(selector, ",") {
		key, value, found := strings.Cut(part, "=")
		if found && field(object, "metadata", "labels", key) != value {
			return false
		}
	}
	return true
}

// write changes the objects as kubectl does.
func (c *fakeCluster) write(_ context.Context, args []string, stdin string) error {
	dry := slices.Contains(args, "--dry-run=server")
	words := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "--") })
	flag := func(name string) string {
		for _, a := range args {
			if value, found := strings.CutPrefix(a, "--"+name+"="); found {
				return value
			}
		}
		return ""
	}
	if !dry {
		c.writes = append(c.writes, strings.Join(words, " "))
	}
	if words[0] == "apply" {
		documents, err := decodeAll(stdin)
		if err != nil || len(documents) == 0 {
			return fmt.Errorf("apply of %d documents: %w", len(documents), err)
		}
		for _, d := range documents {
			if pathOf(objectOf(d)) == "" {
				return fmt.Errorf("apply of an unknown object: %v", d)
			}
			if !dry {
				c.put(d)
			}
		}
		return nil
	}
	path := c.find(words[1], words[2], flag("namespace"))
	switch {
	case words[0] == "delete" && !dry:
		delete(c.objects, path)
	case words[0] == "patch":
		return c.patch(path, flag("type"), stdin, dry)
	}
	return nil
}

// find is the path of an object by KIND.GROUP and NAME.
func (c *fakeCluster) find(resource, name, namespace string) string {
	for key := range kinds() {
		version, kind, _ := strings.Cut(key, " ")
		ref := cluster.Reference{APIVersion: version, Kind: kind}
		if ref.Resource() == resource {
			return pathOf(Object{version, kind, namespace, name})
		}
	}
	c.tb.Errorf("no kind %s", resource)
	return ""
}

func (c *fakeCluster) patch(path, kind, patch string, dry bool) error {
	object, found := c.objects[path]
	if !found {
		return &cluster.Error{Reason: cluster.NotFound, Message: path + " not found"}
	}
	changed, _ := clone(object).(map[string]any)
	if kind == "merge" {
		var with map[string]any
		if err := decode([]byte(patch), &with); err != nil {
			return err
		}
		merge(changed, with)
	} else if err := patchJSON(changed, patch); err != nil {
		return err
	}
	metadata, _ := changed["metadata"].(map[string]any)
	managers, _ := metadata["managedFields"].([]any)
	metadata["managedFields"] = append(slices.Clone(managers), map[string]any{"manager": cluster.FieldManager, "fieldsV1": addedAnnotations(object, changed)})
	if !dry {
		c.objects[path] = changed
	}
	return nil
}

// addedAnnotations are the owned fields of a manager that has added annotations to pods.
func addedAnnotations(before, after map[string]any) any {
	old, _ := field(before, "spec", "template", "metadata", "annotations").(map[string]any)
	all, _ := field(after, "spec", "template", "metadata", "annotations").(map[string]any)
	owned := map[string]any{}
	for key := range all {
		if _, found := old[key]; !found {
			owned["f:"+key] = map[string]any{}
		}
	}
	return map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:metadata": map[string]any{"f:annotations": owned}}}}
}

func merge(into, with map[string]any) {
	for key, value := range with {
		inner, isMap := value.(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap:
			if _, found := into[key].(map[string]any); !found {
				into[key] = map[string]any{}
			}
			below, _ := into[key].(map[string]any)
			if merge(below, inner); len(below) == 0 {
				delete(into, key)
			}
		default:
			into[key] = value
		}
	}
}

// patchJSON applies the operations test and replace to fields of maps.
func patchJSON(object map[string]any, patch string) error {
	var wrapped map[string]any
	if err := decode([]byte(`{"operations":`+patch+`}`), &wrapped); err != nil {
		return err
	}
	operations, _ := wrapped["operations"].([]any)
	for _, o := range operations {
		path, _ := field(o, "path").(string)
		keys := strings.Split(strings.TrimPrefix(path, "/"), "/")
		last := keys[len(keys)-1]
		parent, _ := field(object, keys[:len(keys)-1]...).(map[string]any)
		value := field(o, "value")
		switch field(o, "op") {
		case "test":
			if !reflect.DeepEqual(parent[last], value) {
				return fmt.Errorf("test of %s failed", path)
			}
		case "replace":
			parent[last] = value
		}
	}
	return nil
}

// observe observes the cluster.
func (c *fakeCluster) observe(ref cluster.Reference) *cluster.Observation {
	return cluster.New(c.tb.Context(), cluster.Options{
		Namespace: "shop", Workload: ref, Run: c.run, Write: c.write,
		Fetch: func(context.Context, string, string) (int, []byte, error) {
			return 0, nil, &cluster.Error{Reason: cluster.Down, Message: "connection refused"}
		},
	})
}

func deployment() cluster.Reference {
	return cluster.Reference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}
}

func request(ref cluster.Reference) Request {
	return Request{Ref: ref, RequestsPerSecond: 50, Min: 2, Max: 20, Engine: EngineAuto, Inject: inject.Defaults("0.1.0")}
}

// snapshot has the objects without what the API server manages.
func (c *fakeCluster) snapshot() map[string]any {
	all := map[string]any{}
	for path, object := range c.objects {
		all[path] = clone(withoutServerFields(object))
	}
	return all
}

func pairsOf(key, value string) []inject.Pair { return []inject.Pair{{Key: key, Value: value}} }
