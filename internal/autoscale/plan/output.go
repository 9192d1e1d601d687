package plan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Write writes the plan as a base for kustomize to a directory, which must not exist or be
// empty: a file for each object, a patch for each change of an object of others, and the
// values for an adapter of Helm. It returns the names of the files.
func (p *Plan) Write(dir string) (names []string, _ error) {
	files, order := p.files()
	if len(order) == 0 {
		return nil, invalid("there is nothing to write: the plan adds and changes nothing that a file can have")
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return nil, invalid("directory %s is not empty", dir)
	}
	const dirMode, fileMode = 0o755, 0o644
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	for _, name := range order {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), fileMode); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// files are the contents by name, and the names in the order of the plan.
func (p *Plan) files() (files map[string]string, order []string) {
	files = map[string]string{}
	add := func(name, text string) {
		files[name] = text
		order = append(order, name)
	}
	var resources, patches strings.Builder
	for _, s := range p.Steps {
		name := strings.ToLower(s.Object.Kind + "-" + strings.ReplaceAll(s.Object.Name, ":", "-") + ".yaml")
		switch {
		case s.Manifest != "":
			add(name, s.Manifest)
			fmt.Fprintf(&resources, "  - %s\n", name)
		case s.values != "":
			add("adapter-rules.yaml", fmt.Sprintf("# For %s: append this to the existing list. Other HPAs depend on its rules.\n%s", s.Object, s.values))
		case s.overlay != "":
			name = "patch-" + name
			add(name, s.overlay)
			fmt.Fprintf(&patches, "  - path: %s\n    target: {kind: %s, name: %s}\n", name, s.Object.Kind, s.Object.Name)
		}
	}
	if resources.Len()+patches.Len() > 0 {
		add("kustomization.yaml", kustomization(p.Workload, resources.String(), patches.String()))
	}
	return files, order
}

func kustomization(workload Object, resources, patches string) string {
	text := fmt.Sprintf("# Autoscaling of %s on its request rate.", workload)
	if patches != "" {
		text += " The patches apply to manifests that this is combined with:\n# add the file of the workload to resources, or make this a component of its kustomization."
	}
	text += "\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
	if resources != "" {
		text += "resources:\n" + resources
	}
	if patches != "" {
		text += "patches:\n" + patches
	}
	return text
}

// IsInput reports whether an error concerns the request.
func IsInput(err error) bool {
	var input *InputError
	return errors.As(err, &input)
}
