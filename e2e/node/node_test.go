package node

import (
	"slices"
	"strings"
	"testing"
)

func TestImagesAreFoundByLastPartOfName(t *testing.T) {
	t.Parallel()
	images := map[string]Image{"nginx": Nginx(), "other": {}}
	for _, name := range []string{"nginx", "nginx:1.28", "docker.io/library/nginx:1", "localhost:5000/nginx@sha256:12"} {
		if image, err := find(images, name); err != nil || !slices.Equal(image.Entry, Nginx().Entry) {
			t.Errorf("find(%q) = %v, %v", name, image.Entry, err)
		}
	}
	if _, err := find(images, "redis:8"); err == nil || !strings.Contains(err.Error(), "redis") {
		t.Errorf("find(redis:8) gives %v, want an error", err)
	}
}

func TestVariablesAreExpanded(t *testing.T) {
	t.Parallel()
	got := expand([]string{"--uri=http://$(IP):8080/$(NONE)"}, []string{"A=b", "IP=192.0.2.1"})
	if got[0] != "--uri=http://192.0.2.1:8080/$(NONE)" {
		t.Errorf("expand gives %q", got[0])
	}
}
