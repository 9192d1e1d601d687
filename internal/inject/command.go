package inject

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A container runs what its command and args say, or else the entry point of its image.

// program is a call of nginx in a shell script, up to the end of the command.
const program = `(?:^|[\s;&|("'/=])(?:nginx|nginx-debug|openresty|angie|angie-debug|tengine)(?:\s(?:'[^']*'|"[^"]*"|[^;&|\n'"])*)?`

// words returns command and args of a container.
func words(container *yaml.Node) []string {
	var all []string
	for _, key := range []string{"command", "args"} {
		for _, word := range items(get(container, key)) {
			all = append(all, str(word))
		}
	}
	return all
}

// script returns the shell script that words run, empty for none.
func script(words []string) string {
	if len(words) == 0 || !slices.Contains([]string{"sh", "bash", "ash", "dash"}, path.Base(words[0])) {
		return ""
	}
	for i, word := range words[1:] {
		// Options can be combined, as in -ec.
		if strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.HasSuffix(word, "c") {
			for _, text := range words[i+2:] {
				if !strings.HasPrefix(text, "-") {
					return text
				}
			}
		}
	}
	return ""
}

// mainFile returns the main configuration file that nginx reads in a container, by its options -c and -p, or else the given
// one of its image. Given is true if an option names it.
func mainFile(container *yaml.Node, image string) (file string, given bool) {
	prefix := path.Dir(image)
	if path.Base(prefix) == "conf" {
		prefix = path.Dir(prefix)
	}
	if p := option(container, "p"); p != "" {
		prefix = p
	}
	if file = option(container, "c"); file == "" {
		return image, false
	}
	return absolute(file, prefix), true
}

// option returns an option of nginx in the command of a container, empty for none.
func option(container *yaml.Node, name string) string {
	all := words(container)
	text := script(all)
	if text == "" {
		for i, word := range all {
			if value, found := strings.CutPrefix(word, "-"+name); found && value != "" {
				return value
			}
			if word == "-"+name && i+1 < len(all) {
				return all[i+1]
			}
		}
		return ""
	}
	value := regexp.MustCompile(`\s-` + name + `\s*["']?([^\s"';&|]+)`)
	for _, call := range regexp.MustCompile(program).FindAllString(text, -1) {
		if found := value.FindStringSubmatch(call); found != nil {
			return found[1]
		}
	}
	return ""
}

// idleCommand returns the program that a container with an image of nginx runs instead of nginx, such as sleep; empty if it
// runs nginx, or may do so.
func idleCommand(container *yaml.Node) string {
	if len(items(get(container, "command"))) == 0 {
		return ""
	}
	all := words(container)
	name := path.Base(all[0])
	tools := []string{"sleep", "tail", "cat", "echo", "printf", "true", "false", "date", "ls", "env", "printenv", "curl", "wget", "cp", "test"}
	if slices.Contains(tools, name) {
		return name
	}
	text := script(all)
	// A script that starts another one, or the command of the image, may start nginx.
	if text == "" || regexp.MustCompile(`nginx|openresty|angie|tengine|entrypoint|\.sh\b|\bexec\b|supervisord|s6-|runsv|/init\b|\{\{`).MatchString(text) {
		return ""
	}
	return name + " -c '" + firstWords(text) + "'"
}

// firstWords returns the start of a script, on one line.
func firstWords(text string) string {
	const longest = 40
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return text
}
