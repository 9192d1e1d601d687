package inject

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A container runs what its command and args say, or else the entry point of its image.

// program is a call of nginx in a shell script, up to the end of the command; configFlag is its option for another
// configuration file.
const (
	program    = `(?:^|[\s;&|("'/=])(?:nginx|nginx-debug|openresty|angie|angie-debug|tengine)(?:\s(?:'[^']*'|"[^"]*"|[^;&|\n'"])*)?`
	configFlag = `\s-c\s*["']?([^\s"';&|]+)`
)

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

// configFile returns the configuration file that nginx is told to read, empty for its default.
func configFile(container *yaml.Node) string {
	all := words(container)
	text := script(all)
	if text == "" {
		for i, word := range all {
			if file, found := strings.CutPrefix(word, "-c"); found && file != "" {
				return file
			}
			if word == "-c" && i+1 < len(all) {
				return all[i+1]
			}
		}
		return ""
	}
	for _, call := range regexp.MustCompile(program).FindAllString(text, -1) {
		if found := regexp.MustCompile(configFlag).FindStringSubmatch(call); found != nil {
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
