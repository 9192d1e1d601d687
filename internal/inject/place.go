package inject

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// configDir returns the directory of nginx's container that gets the added configuration, and a note for the report if it is
// not certain that nginx reads it, empty otherwise. It returns an error if nginx would not read it.
func (in *Input) configDir(o *object, nginx *yaml.Node, opts *Options) (dir, note string, err error) {
	names, works := opts.configFiles()
	image := str(get(nginx, "image"))
	known, _ := familyOf(image)
	main, given := mainFile(nginx, known.main)
	dirs := []string{known.dir}
	condition := fmt.Sprintf("%s only if it includes %s/*.conf in http {}", works, known.dir)
	file, mounted := in.file(o.pod, nginx, o.namespace, main)
	switch {
	case mounted && file.known && (file.hasHTTP || !file.elsewhere):
		if dirs = file.dirs(path.Dir(main), names); len(dirs) == 0 {
			problem := fmt.Sprintf("%s of %s includes no directory in http {}", main, file.volume)
			return "", "", in.noPlace(o, nginx, problem, "add \"include "+known.dir+"/*.conf;\" to it")
		}
		if slices.Contains(dirs, known.dir) {
			dirs = slices.Insert(dirs, 0, known.dir)
		}
	case mounted:
		note = fmt.Sprintf("warning: nginx reads %s of %s, whose content is not in the input: %s", main, file.volume, condition)
	case given:
		note = fmt.Sprintf("warning: nginx reads %s because of its option -c: %s", main, condition)
	case strings.Contains(script(words(nginx)), main):
		note = fmt.Sprintf("warning: the command of container %s may replace %s: %s", str(get(nginx, "name")), main, condition)
	case known.guessed:
		note = fmt.Sprintf("warning: the %s of image %s is not known: %s", path.Base(main), image, condition)
	}
	at, volume := "", ""
	for _, dir := range dirs {
		at = ""
		for _, name := range names {
			if at == "" {
				at, volume = o.pod.coveredBy(nginx, path.Join(dir, name))
			}
		}
		if at == "" {
			return dir, note, nil
		}
	}
	volume = in.volumeFile(o.pod, volume, o.namespace, "").volume
	problem := fmt.Sprintf("container %s mounts %s at %s, into which nothing else can be mounted", str(get(nginx, "name")), volume, at)
	return "", "", in.noPlace(o, nginx, problem, "add the server that nginx-exporter snippet kubernetes prints to it, and omit --status-config")
}

// placeError is why there is no place for the configuration.
type placeError struct{ problem, fix string }

// Error implements error.
func (e *placeError) Error() string { return e.problem + "; " + e.fix }

// noPlace returns the error. If nginx has a status page already, it needs no other.
func (in *Input) noPlace(o *object, nginx *yaml.Node, problem, fix string) error {
	if pages := in.pages(o, nginx); len(pages) > 0 {
		fix = "nginx has a status page already: use --scrape-uri=" + pages[0] + " without --status-config"
	}
	return &placeError{problem, fix}
}

// absolute returns a path that may be relative to a directory.
func absolute(name, dir string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// coveredBy returns where a container mounts a volume that prevents the mount of a file or directory, and the name of the
// volume, empty for none. It cannot be mounted within a read-only volume, such as that of a ConfigMap. An emptyDir is
// writable.
func (p *pod) coveredBy(container *yaml.Node, file string) (at, volume string) {
	writable := false
	for _, m := range items(get(container, "volumeMounts")) {
		mount := path.Clean(str(get(m, "mountPath")))
		if mount != file && !strings.HasPrefix(file, strings.TrimSuffix(mount, "/")+"/") || len(mount) < len(at) {
			continue
		}
		at, volume = mount, str(get(m, "name"))
		writable = get(named(get(p.spec, "volumes"), volume), "emptyDir") != nil && !isTrue(get(m, "readOnly")) && mount != file
	}
	if writable {
		return "", ""
	}
	return at, volume
}
