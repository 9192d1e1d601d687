package nginxconf

import (
	"path"
	"slices"
	"strings"
)

// Limits of a dump.
const (
	maxIncludes = 16   // nested
	maxLookups  = 2000 // include directives
	maxFiles    = 2000
)

// Dump is the output of nginx -T: all configuration files, with includes not yet
// resolved.
type Dump struct {
	names   []string // of the files, the main one first
	files   map[string][]Directive
	lookups int // left
}

// FileHeader starts each file of a dump.
const FileHeader = "\n# configuration file "

// ParseDump parses the output of nginx -T.
func ParseDump(text string) *Dump {
	d := &Dump{files: map[string][]Directive{}, lookups: maxLookups}
	left := maxDirectives
	_, rest, found := strings.Cut("\n"+text, FileHeader)
	for found && len(d.names) < maxFiles {
		var file string
		file, rest, found = strings.Cut(rest, FileHeader)
		name, body, _ := strings.Cut(file, "\n")
		name = strings.TrimSuffix(name, ":")
		if _, known := d.files[name]; !known {
			d.names = append(d.names, name)
			d.files[name] = (&parser{text: body, file: name, left: &left}).all()
		}
	}
	return d
}

// Directives returns those of the main file, with includes resolved.
func (d *Dump) Directives() []Directive {
	if len(d.names) == 0 {
		return nil
	}
	left := maxDirectives
	return d.resolve(d.files[d.names[0]], 0, &left)
}

func (d *Dump) resolve(list []Directive, depth int, left *int) []Directive {
	var all []Directive
	for _, item := range list {
		if *left--; *left < 0 || depth > maxIncludes {
			return all
		}
		if item.Name == "include" && len(item.Args) == 1 {
			for _, name := range d.matching(item.Args[0]) {
				all = append(all, d.resolve(d.files[name], depth+1, left)...)
			}
			continue
		}
		item.Block = d.resolve(item.Block, depth, left)
		all = append(all, item)
	}
	return all
}

// matching returns the files that an include names. A relative pattern is
// relative to the main file.
func (d *Dump) matching(pattern string) []string {
	if d.lookups--; d.lookups < 0 {
		return nil
	}
	if !strings.HasPrefix(pattern, "/") {
		pattern = path.Join(path.Dir(d.names[0]), pattern)
	}
	return slices.DeleteFunc(slices.Clone(d.names[1:]), func(name string) bool {
		matches, err := path.Match(pattern, name)
		return err != nil || !matches
	})
}

// IncludedDirectories lists the directories of which the http block of the main file
// includes the files *.conf.
func (d *Dump) IncludedDirectories() []string {
	var found []string
	if len(d.names) == 0 {
		return nil
	}
	for http := range Named(d.files[d.names[0]], "http") {
		for include := range Named(http.Block, "include") {
			if len(include.Args) != 1 || path.Base(include.Args[0]) != "*.conf" {
				continue
			}
			directory := path.Dir(include.Args[0])
			if !strings.HasPrefix(directory, "/") {
				directory = path.Join(path.Dir(d.names[0]), directory)
			}
			if !strings.ContainsAny(directory, "*?[") {
				found = append(found, directory)
			}
		}
	}
	return found
}
