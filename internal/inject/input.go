package inject

import (
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Input has what the manifests of one run say about each other: an object may depend on a ConfigMap, a Namespace or an
// autoscaler in another document or file.
type Input struct {
	configMaps map[objectKey]map[string]confFile
	namespaces map[string]*yaml.Node // metadata by name
	scalers    []scaler
	openShift  bool // there is an object of OpenShift
}

// confFile is a file of a ConfigMap. Its configuration is read once, since many pods may mount it.
type confFile struct {
	conf
	known bool // it is not too large to be read
}

// maxConf bounds a configuration. The API server accepts ConfigMaps of 1 MiB.
const maxConf = 1 << 20

type objectKey struct{ namespace, name string }

// scaler is a HorizontalPodAutoscaler or a ScaledObject, and its target.
type scaler struct {
	kind, name, namespace  string
	targetKind, targetName string
}

// ReadInput reads manifests. Those that cannot be parsed are skipped: editing them reports the error.
func ReadInput(manifests ...string) *Input {
	in := &Input{configMaps: map[objectKey]map[string]confFile{}, namespaces: map[string]*yaml.Node{}}
	for _, manifest := range manifests {
		if checkText(manifest) != nil {
			continue
		}
		for _, chunk := range split(strings.TrimPrefix(manifest, bom)) {
			if !in.wants(chunk) {
				continue
			}
			if d, err := parse(chunk); err == nil {
				for _, obj := range objects(d.root) {
					in.add(obj)
				}
			}
		}
	}
	return in
}

// wants reports whether a document may have an object that matters. It saves parsing the others twice.
func (*Input) wants(chunk string) bool {
	for _, word := range []string{"ConfigMap", "Namespace", "HorizontalPodAutoscaler", "ScaledObject", "openshift.io/"} {
		if strings.Contains(chunk, word) {
			return true
		}
	}
	return false
}

func (in *Input) add(obj *object) {
	in.openShift = in.openShift || strings.HasSuffix(obj.group, "openshift.io")
	switch obj.kind {
	case "ConfigMap":
		data := map[string]confFile{}
		for key, value := range entries(get(obj.node, "data")) {
			if text := str(value); len(text) <= maxConf {
				data[key.Value] = confFile{readConf(text), true}
			}
		}
		in.configMaps[objectKey{obj.namespace, obj.name}] = data
	case "Namespace":
		in.namespaces[obj.name] = get(obj.node, "metadata")
	case "HorizontalPodAutoscaler", "ScaledObject":
		target := get(obj.node, "spec", "scaleTargetRef")
		s := scaler{obj.kind, obj.name, obj.namespace, str(get(target, "kind")), str(get(target, "name"))}
		if s.targetKind == "" {
			s.targetKind = "Deployment" // the default of a ScaledObject
		}
		in.scalers = append(in.scalers, s)
	}
}

// configMap returns the data of a ConfigMap, nil if it is not in the input. Manifests may leave out the namespace, which
// kubectl or kustomize set.
func (in *Input) configMap(namespace, name string) map[string]confFile {
	for _, key := range []objectKey{{namespace, name}, {"", name}} {
		if data, found := in.configMaps[key]; found {
			return data
		}
	}
	var all []map[string]confFile
	for key, data := range in.configMaps {
		if namespace == "" && key.name == name {
			all = append(all, data)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return nil
}

// scaler returns the autoscaler of an object, nil for none.
func (in *Input) scaler(obj *object) *scaler {
	for i, s := range in.scalers {
		if s.targetKind == obj.kind && s.targetName == obj.name && sameNamespace(s.namespace, obj.namespace) {
			return &in.scalers[i]
		}
	}
	return nil
}

func sameNamespace(a, b string) bool { return a == b || a == "" || b == "" }

// mounted is a file in a container that comes from a volume.
type mounted struct {
	confFile
	volume string // what it is, such as "ConfigMap web"
}

// file returns a file of a container, if it is in a volume.
func (in *Input) file(p *pod, container *yaml.Node, namespace, name string) (m mounted, found bool) {
	longest := -1
	for _, mount := range items(get(container, "volumeMounts")) {
		at := path.Clean(str(get(mount, "mountPath")))
		rest, inside := strings.CutPrefix(name, at)
		if !inside || rest != "" && !strings.HasPrefix(rest, "/") || len(at) <= longest {
			continue
		}
		longest, found = len(at), true
		within := strings.TrimPrefix(path.Join(str(get(mount, "subPath")), rest), "/")
		m = in.volumeFile(p, str(get(mount, "name")), namespace, within)
	}
	return m, found
}

// mountedConfs iterates over the files in the ConfigMaps that a container mounts, with the names of the ConfigMaps.
func (in *Input) mountedConfs(o *object, container *yaml.Node) iter.Seq2[string, confFile] {
	return func(yield func(string, confFile) bool) {
		for _, mount := range items(get(container, "volumeMounts")) {
			volume := named(get(o.pod.spec, "volumes"), str(get(mount, "name")))
			name := str(get(volume, "configMap", "name"))
			data := in.configMap(o.namespace, name)
			for _, key := range slices.Sorted(maps.Keys(data)) {
				if !yield(name, data[key]) {
					return
				}
			}
		}
	}
}

// pages returns the URIs of the status pages in the ConfigMaps that a container mounts.
func (in *Input) pages(o *object, container *yaml.Node) (uris []string) {
	for _, file := range in.mountedConfs(o, container) {
		uris = append(uris, file.pages...)
	}
	return uris
}

// volumeFile returns a file of a volume.
func (in *Input) volumeFile(p *pod, volumeName, namespace, name string) mounted {
	volume := named(get(p.spec, "volumes"), volumeName)
	sources := []*yaml.Node{volume}
	if projected := get(volume, "projected", "sources"); projected != nil {
		sources = items(projected)
	}
	m := mounted{volume: "volume " + volumeName}
	for _, source := range sources {
		reference := get(source, "configMap")
		if reference == nil {
			continue
		}
		m.volume = "ConfigMap " + str(get(reference, "name"))
		data := in.configMap(namespace, str(get(reference, "name")))
		key := name
		for _, item := range items(get(reference, "items")) {
			if path.Clean(str(get(item, "path"))) == name {
				key = str(get(item, "key"))
			}
		}
		if file, found := data[key]; found {
			m.confFile = file
			return m
		}
	}
	return m
}
