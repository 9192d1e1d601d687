package fault

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"sync"
	"testing"

	"nginx-exporter/e2e/kube"
)

// fakeServer is an API server for tests, in which patches replace the spec.
type fakeServer struct {
	mu      sync.Mutex
	objects map[string]object
	version int
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sent any
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	at := r.URL.Path
	o := s.objects[at]
	switch {
	case r.Method == http.MethodPost:
		o = sent.(object)
		metadata := o["metadata"].(object)
		if metadata["uid"] != nil || metadata["resourceVersion"] != nil {
			http.Error(w, "uid and resourceVersion are not allowed in new objects", http.StatusBadRequest)
			return
		}
		metadata["uid"] = "new"
		at = path.Join(at, metadata["name"].(string))
	case o == nil:
		http.Error(w, "no such object", http.StatusNotFound)
		return
	case r.Method == http.MethodPut:
		if sent.(object)["metadata"].(object)["resourceVersion"] != o["metadata"].(object)["resourceVersion"] {
			http.Error(w, "conflict", http.StatusConflict)
			return
		}
		o = sent.(object)
	case r.Method == http.MethodPatch:
		o["spec"] = sent.([]any)[0].(object)["value"]
	case r.Method == http.MethodDelete:
		delete(s.objects, at)
		return
	}
	if r.Method != http.MethodGet {
		s.version++
		o["metadata"].(object)["resourceVersion"] = strconv.Itoa(s.version)
		s.objects[at] = o
	}
	if err := json.NewEncoder(w).Encode(o); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	server := &fakeServer{objects: map[string]object{
		"/apis/things/a": {"metadata": object{"name": "a", "uid": "1", "resourceVersion": "7"}, "spec": "whole"},
		"/apis/things/b": {"metadata": object{"name": "b", "uid": "2", "resourceVersion": "8"}, "spec": "there", "status": "good"},
	}}
	web := httptest.NewServer(server)
	defer web.Close()
	injector := New(kube.NewClient(web.URL, &http.Transport{}), nil, nil)
	f := &Fault{inject: all(
		patch("/apis/things/a", replace("/spec", "broken")),
		patch("/apis/things/a", replace("/spec", "worse")),
		remove("/apis/things/b"),
		create("/apis/things", object{"metadata": object{"name": "c"}, "spec": "new"}),
	)}
	if err := injector.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	spec := func(name string) any {
		server.mu.Lock()
		defer server.mu.Unlock()
		return server.objects["/apis/things/"+name]["spec"]
	}
	if spec("a") != "worse" || spec("b") != nil || spec("c") != "new" {
		t.Errorf("after Inject: %v, %v and %v", spec("a"), spec("b"), spec("c"))
	}
	if err := injector.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spec("a") != "whole" || spec("b") != "there" || spec("c") != nil {
		t.Errorf("after Restore: %v, %v and %v", spec("a"), spec("b"), spec("c"))
	}
	if _, left := server.objects["/apis/things/b"]["status"]; left {
		t.Error("the restored object has a status")
	}
}
