package plan

import (
	"strings"
	"testing"
)

// A status page that nginx has already needs no ConfigMap.
func TestStatusPage(t *testing.T) {
	r := request(deployment())
	r.StatusPage = "http://127.0.0.1:8080/status"
	p := makePlan(t, readCluster(t, "adapter"), r)
	if got := text(t, p); !strings.Contains(got, "--nginx.scrape-uri=http://127.0.0.1:8080/status") || strings.Contains(got, "ConfigMap shop/") {
		t.Error(got)
	}
}

// setContainers replaces the containers of the workload by those with names and images.
func setContainers(c *fakeCluster, namesAndImages ...string) {
	pods, _ := field(c.objects["/apis/apps/v1/namespaces/shop/deployments/web"], "spec", "template", "spec").(map[string]any)
	var all []any
	for i := 0; i < len(namesAndImages); i += 2 {
		all = append(all, map[string]any{"name": namesAndImages[i], "image": namesAndImages[i+1]})
	}
	pods["containers"] = all
}

// The container of nginx is the one with its image, or the one that the user names.
func TestNginxContainer(t *testing.T) {
	for name, tt := range map[string]struct {
		containers []string
		chosen     string
		want       string
	}{
		"after an exporter of others": {[]string{"metrics", "nginx/nginx-prometheus-exporter:1.5.1", "proxy", "nginx:1.29"}, "", "container proxy (nginx:1.29)"},
		"among several":               {[]string{"app", "registry.test/app:1", "proxy", "nginx:1.29"}, "", "container proxy (nginx:1.29)"},
		"of another image":            {[]string{"app", "registry.test/app:1", "web", "registry.test/web:1"}, "web", "container web (registry.test/web:1)"},
	} {
		c := readCluster(t, "adapter")
		setContainers(c, tt.containers...)
		r := request(deployment())
		r.Inject.Container = tt.chosen
		if got := text(t, makePlan(t, c, r)); !strings.Contains(got, "  nginx        "+tt.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The configuration is that of the ConfigMaps that are mounted for nginx.
func TestConfigSource(t *testing.T) {
	c := readCluster(t, "adapter")
	setContainers(c, "nginx", "nginx:1.29")
	pods, _ := field(c.objects["/apis/apps/v1/namespaces/shop/deployments/web"], "spec", "template", "spec").(map[string]any)
	containers, _ := pods["containers"].([]any)
	container, _ := containers[0].(map[string]any)
	container["volumeMounts"] = []any{
		map[string]any{"name": "conf", "mountPath": "/etc/nginx/snippets"},
		map[string]any{"name": "site", "mountPath": "/usr/share/html"},
		map[string]any{"name": "cache", "mountPath": "/var/cache/nginx"},
	}
	pods["volumes"] = []any{
		map[string]any{"name": "conf", "configMap": map[string]any{"name": "web-conf"}},
		map[string]any{"name": "site", "configMap": map[string]any{"name": "web-site"}},
		map[string]any{"name": "cache", "emptyDir": map[string]any{}},
	}
	if got := text(t, makePlan(t, c, request(deployment()))); !strings.Contains(got, "configuration from ConfigMap web-conf\n") {
		t.Error(got)
	}
}

// A ConfigMap in the place of the status server is a reason for --scrape-uri, which has then
// to be given.
func TestNoPlaceForStatusServer(t *testing.T) {
	c := readCluster(t, "adapter")
	setContainers(c, "nginx", "nginx:1.29")
	pods, _ := field(c.objects["/apis/apps/v1/namespaces/shop/deployments/web"], "spec", "template", "spec").(map[string]any)
	containers, _ := pods["containers"].([]any)
	container, _ := containers[0].(map[string]any)
	container["volumeMounts"] = []any{map[string]any{"name": "conf", "mountPath": "/etc/nginx/conf.d"}}
	pods["volumes"] = []any{map[string]any{"name": "conf", "configMap": map[string]any{"name": "web-conf"}}}
	configMap := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "web-conf", "namespace": "shop"}}
	for config, want := range map[string]string{
		"server { listen 80; }": "and use --scrape-uri=http://127.0.0.1:18080/stub_status",
		"server { listen 8081; location = /status { stub_status; } }": "use --scrape-uri=http://127.0.0.1:8081/status",
	} {
		configMap["data"] = map[string]any{"default.conf": config}
		c.put(configMap)
		r := request(deployment())
		_, err := New(c.observe(r.Ref), r)
		if !IsInput(err) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
}
