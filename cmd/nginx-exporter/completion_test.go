package main

import (
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/snippet"
)

// place is a command, or the program itself, with what can follow on the command line.
type place struct {
	path  string // words separated by blanks, empty for the program
	words []described
	flags []completed
}

type described struct{ word, about string }

// completed is a flag.
type completed struct {
	name, about string
	boolean     bool
	choices     []string
}

// places lists the commands for the completion scripts. They have the flags of all commands in them, so that completion
// neither runs the program nor needs it.
func places(t *testing.T) []place {
	t.Helper()
	all := []place{placeOf(t, "")}
	for _, path := range commandPaths(t) {
		all = append(all, placeOf(t, path))
	}
	valued := map[string]bool{}
	for _, p := range all {
		for _, f := range p.flags {
			if known, found := valued[f.name]; found && known == f.boolean {
				t.Fatalf("--%s has a value in one command only, which the scripts do not distinguish", f.name)
			}
			valued[f.name] = !f.boolean
		}
	}
	return all
}

func placeOf(t *testing.T, path string) place {
	t.Helper()
	cli := fresh(t)
	cli.focus(strings.Fields(path))
	model := cli.app.Model()
	p := place{path: path}
	p.add(cli, model.Flags)
	list := model.Commands
	for _, word := range strings.Fields(path) {
		command := list[slices.IndexFunc(list, func(c *kingpin.CmdModel) bool { return c.Name == word })]
		p.add(cli, command.Flags)
		list = command.Commands
	}
	for _, command := range list {
		if !command.Hidden {
			p.words = append(p.words, described{command.Name, command.Help})
		}
	}
	if path == snippetCommand {
		for _, s := range snippet.All() {
			p.words = append(p.words, described{s.Name, s.About})
		}
	}
	return p
}

func (p *place) add(cli *cli, flags []*kingpin.FlagModel) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		c := completed{name: f.Name, about: f.Help, boolean: f.IsBoolFlag()}
		if own := cli.find(f.Name); own != nil {
			c.choices = own.choices
		} else if v := reflect.Indirect(reflect.ValueOf(f.Value)); v.Kind() == reflect.Struct && v.FieldByName("options").IsValid() {
			for i := range v.FieldByName("options").Len() { // an enumeration of kingpin, which has no method for this
				c.choices = append(c.choices, v.FieldByName("options").Index(i).String())
			}
		}
		p.flags = append(p.flags, c)
	}
}

// valued lists the flags with a value of all commands.
func valued(all []place) []string {
	var names []string
	for _, p := range all {
		for _, f := range p.flags {
			if !f.boolean && !slices.Contains(names, "--"+f.name) {
				names = append(names, "--"+f.name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// spellings lists a flag as it is offered.
func (f *completed) spellings() []described {
	list := []described{{"--" + f.name, f.about}}
	if f.boolean && strings.Contains(f.name, ".") { // those of the exporter; others are never negated
		list = append(list, described{"--no-" + f.name, "Not: " + f.about})
	}
	return list
}

// key is a place as the scripts name it: a blank before each word.
func (p *place) key() string {
	if p.path == "" {
		return ""
	}
	return " " + p.path
}

// grouped calls write for each text that render returns, with the places that have it in common.
func grouped(all []place, render func(*place) []string, write func(at []*place, text string)) {
	var order []string
	at := map[string][]*place{}
	for i := range all {
		for _, text := range render(&all[i]) {
			if at[text] == nil {
				order = append(order, text)
			}
			at[text] = append(at[text], &all[i])
		}
	}
	for _, text := range order {
		write(at[text], text)
	}
}

// branches writes the branches of case for texts: the pattern of the places, and what follows it.
func branches(b *strings.Builder, all []place, format string, render func(*place) string) {
	grouped(all, func(p *place) []string {
		if text := render(p); text != "" {
			return []string{text}
		}
		return nil
	}, func(at []*place, text string) {
		var keys []string
		for _, p := range at {
			keys = append(keys, p.key())
		}
		fmt.Fprintf(b, format, patterns(keys), text)
	})
}

// choices writes the branches of case for flags with a list of values.
func choices(b *strings.Builder, all []place, format string) {
	grouped(all, func(p *place) []string {
		var lines []string
		for _, f := range p.flags {
			if len(f.choices) > 0 {
				lines = append(lines, f.name+"="+strings.Join(f.choices, " "))
			}
		}
		return lines
	}, func(at []*place, text string) {
		name, values, _ := strings.Cut(text, "=")
		var keys []string
		for _, p := range at {
			keys = append(keys, p.key()+" --"+name)
		}
		fmt.Fprintf(b, format, patterns(keys), values)
	})
}

// flagWords lists the flags of a place.
func (p *place) flagWords() []described {
	var words []described
	for _, f := range p.flags {
		words = append(words, f.spellings()...)
	}
	return words
}

// patterns joins texts as a pattern of case.
func patterns(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = `"` + text + `"`
	}
	return strings.Join(quoted, " | ")
}

// TestDocsCompletion compares the scripts in packaging/completions with the flags and commands.
func TestDocsCompletion(t *testing.T) {
	all := places(t)
	generated(t, "packaging/completions/nginx-exporter.bash", bashScript(all))
	generated(t, "packaging/completions/_nginx-exporter", zshScript(all))
	generated(t, "packaging/completions/nginx-exporter.fish", fishScript(all))
}

func keys(all []place) []string {
	var list []string
	for i := range all[1:] {
		list = append(list, all[i+1].key())
	}
	return list
}

const bashHead = `# shellcheck shell=bash
# Completion of nginx-exporter for bash. Generated from its flags by "make golden".

_nginx_exporter() {
    local command='' flag='' words='' word i
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            # Bash splits --flag=value into three words.
            =) ((i++)) ;;
            %[1]s)
                [ "${COMP_WORDS[i + 1]}" = "=" ] || ((i++))
                ;;
            -*) ;;
            *) case "$command $word" in %[2]s) command+=" $word" ;; esac ;;
        esac
    done
    if [ "$cur" = "=" ]; then
        flag=$prev cur=''
    elif [ "$prev" = "=" ]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}
    else
        case $prev in %[1]s) flag=$prev ;; esac
    fi
`

func bashScript(all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, bashHead, patterns(valued(all)), patterns(keys(all)))
	list := func(words []described) string {
		var list []string
		for _, w := range words {
			list = append(list, w.word)
		}
		return strings.Join(list, " ")
	}
	const branch = "            %s) words='%s' ;;\n"
	b.WriteString("    if [ -n \"$flag\" ]; then\n        case \"$command $flag\" in\n")
	choices(&b, all, branch)
	b.WriteString("        esac\n    elif [[ $cur == -* ]]; then\n        case $command in\n")
	branches(&b, all, branch, func(p *place) string { return list(p.flagWords()) })
	b.WriteString("        esac\n    else\n        case $command in\n")
	branches(&b, all, branch, func(p *place) string { return list(p.words) })
	b.WriteString("        esac\n    fi\n    # Without words, bash completes names of files.\n" +
		"    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n\ncomplete -o default -F _nginx_exporter nginx-exporter\n")
	return b.String()
}

const zshHead = `#compdef nginx-exporter
# Completion of nginx-exporter for zsh. Generated from its flags by "make golden".

local command='' flag='' word
local -i i
local -a found
for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
        (%[1]s) ((i++)) ;;
        (-*) ;;
        (*) case "$command $word" in (%[2]s) command+=" $word" ;; esac ;;
    esac
done
if [[ $words[CURRENT] == --*=* ]]; then
    flag=${words[CURRENT]%%%%=*}
    compset -P '*='
else
    case $words[CURRENT-1] in (%[1]s) flag=$words[CURRENT-1] ;; esac
fi
`

func zshScript(all []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, zshHead, patterns(valued(all)), patterns(keys(all)))
	list := func(words []described) string {
		var list []string
		for _, w := range words {
			list = append(list, "'"+strings.ReplaceAll(w.word+":"+w.about, "'", `'\''`)+"'")
		}
		return strings.Join(list, "\n            ")
	}
	const branch = "        (%s) found=(%s) ;;\n"
	b.WriteString("if [[ -n $flag ]]; then\n    case \"$command $flag\" in\n")
	choices(&b, all, branch)
	b.WriteString("    esac\n    if (( $#found )); then compadd -a found; else _files; fi\nelif [[ $words[CURRENT] == -* ]]; then\n    case $command in\n")
	branches(&b, all, branch, func(p *place) string { return list(p.flagWords()) })
	b.WriteString("    esac\n    _describe -o flag found\nelse\n    case $command in\n")
	branches(&b, all, branch, func(p *place) string { return list(p.words) })
	b.WriteString("    esac\n    if (( $#found )); then _describe command found; else _files; fi\nfi\n")
	return b.String()
}

const fishHead = `# Completion of nginx-exporter for fish. Generated from its flags by "make golden".

# Whether the command line has one of these commands so far.
function __nginx_exporter_at
    set -l command
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word %[1]s
            set skip yes
        else if not string match -q -- '-*' $word; and contains -- (string join ' ' $command $word) %[2]s
            set -a command $word
        end
    end
    contains -- "$command" $argv
end

`

func fishScript(all []place) string {
	var b strings.Builder
	quote := func(text string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'" }
	var paths []string
	for _, p := range all[1:] {
		paths = append(paths, quote(p.path))
	}
	fmt.Fprintf(&b, fishHead, strings.Join(valued(all), " "), strings.Join(paths, " "))
	grouped(all, func(p *place) []string {
		var lines []string
		for _, w := range p.words {
			lines = append(lines, fmt.Sprintf("-f -a %s -d %s", w.word, quote(w.about)))
		}
		for _, f := range p.flags {
			value := ""
			switch {
			case len(f.choices) > 0:
				value = " -x -a " + quote(strings.Join(f.choices, " "))
			case !f.boolean:
				value = " -r"
			}
			for _, s := range f.spellings() {
				lines = append(lines, fmt.Sprintf("-l %s%s -d %s", strings.TrimPrefix(s.word, "--"), value, quote(s.about)))
			}
		}
		return lines
	}, func(at []*place, line string) {
		var paths []string
		for _, p := range at {
			paths = append(paths, `"`+p.path+`"`)
		}
		fmt.Fprintf(&b, "complete -c nginx-exporter -n %s %s\n", quote("__nginx_exporter_at "+strings.Join(paths, " ")), line)
	})
	return b.String()
}

// TestCompletion presses the tabulator key in bash.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"nginx-exporter sn":                                 "snippet",
		"nginx-exporter --nginx.mode ":                      "", // set below
		"nginx-exporter --log.level = ":                     "debug error info warn",
		"nginx-exporter --log.level = w":                    "warn",
		"nginx-exporter --log.level w":                      "warn",
		"nginx-exporter serve --nginx.ssl-v":                "--nginx.ssl-verify",
		"nginx-exporter --no-nginx.ssl-v":                   "--no-nginx.ssl-verify",
		"nginx-exporter doctor ":                            "hpa status",
		"nginx-exporter --log.level info doctor ":           "hpa status",
		"nginx-exporter doctor --output ":                   "json text",
		"nginx-exporter doctor --output = json hpa --watc":  "--watch",
		"nginx-exporter doctor --nginx.scrape-uri doctor h": "hpa",
		"nginx-exporter doctor hpa --web":                   "",
		"nginx-exporter snippet systemd-":                   "systemd-dropin",
		"nginx-exporter snippet --listen serve sy":          "systemd systemd-dropin",
		"nginx-exporter --config.file ":                     "", // names of files
	} {
		if line == "nginx-exporter --nginx.mode " {
			choices := fresh(t).find("nginx.mode").choices
			slices.Sort(choices)
			want = strings.Join(choices, " ")
		}
		script := `source "$1"; COMP_LINE=$2; IFS=' ' read -ra COMP_WORDS <<<"$2"; [[ $2 != *' ' ]] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); ` +
			`_nginx_exporter; printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '`
		got, err := exec.CommandContext(t.Context(), "bash", "-c", script, "bash", fromRoot("packaging/completions/nginx-exporter.bash"), line).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if strings.TrimSpace(string(got)) != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}
