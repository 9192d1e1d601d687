package node

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHostAliases(t *testing.T) {
	t.Parallel()
	image := Image{Files: map[string]string{"/etc/motd": "hello"}}
	r := &runner{node: &Node{services: newServices(nil)}, pod: &pod{}}
	r.pod.Spec.HostAliases = []hostAlias{{IP: "10.0.0.1", Hostnames: []string{"a.b.svc", "a.b"}}}
	files := r.files(image)
	if want := "127.0.0.1 localhost\n10.0.0.1 a.b.svc a.b\n"; files["/etc/hosts"] != want || files["/etc/motd"] != "hello" {
		t.Errorf("the files are %q", files)
	}
	if len(image.Files) != 1 {
		t.Error("the image of other pods was changed")
	}
}

func TestFindImage(t *testing.T) {
	t.Parallel()
	images := map[string]Image{"nginx": Nginx(), "other": {}}
	for _, name := range []string{"nginx", "nginx:1.28", "docker.io/library/nginx:1", "localhost:5000/nginx@sha256:12"} {
		if image, err := findImage(images, name); err != nil || !slices.Equal(image.Entry, Nginx().Entry) {
			t.Errorf("findImage(%q) = %v, %v", name, image.Entry, err)
		}
	}
	if _, err := findImage(images, "redis:8"); err == nil || !strings.Contains(err.Error(), "redis") {
		t.Errorf("findImage(redis:8) gives %v, want an error", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	got := expand([]string{"--uri=http://$(IP):8080/$(NONE)"}, []string{"A=b", "IP=192.0.2.1"})
	if got[0] != "--uri=http://192.0.2.1:8080/$(NONE)" {
		t.Errorf("expand gives %q", got[0])
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for restarts, want := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, maxBackoff, maxBackoff} {
		if got := (&instance{restarts: restarts}).backoff(); got != want {
			t.Errorf("after %d starts it waits %s, want %s", restarts, got, want)
		}
	}
	if got := (&instance{restarts: 1000}).backoff(); got != maxBackoff {
		t.Errorf("after 1000 starts it waits %s", got)
	}
}
