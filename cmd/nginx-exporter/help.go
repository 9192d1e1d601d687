package main

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
)

// group is a heading of the help and the documentation, with the prefixes of the
// flags below it. A longer prefix of another group takes precedence.
type group struct {
	title    string
	prefixes []string
}

func groups() []group {
	return []group{
		{"NGINX", []string{"nginx.", "compat."}},
		{"NGINX Plus", []string{"nginx.plus."}},
		{"Collectors", []string{"collector."}},
		{"Prometheus", []string{"prometheus.", "rate."}},
		{"Endpoint", []string{"web."}},
		{"Configuration and log", []string{"config.", "log."}},
	}
}

// title returns the heading of a flag.
func (f *flag) title() string {
	title, length := "", 0
	for _, group := range groups() {
		for _, prefix := range group.prefixes {
			if strings.HasPrefix(f.name, prefix) && len(prefix) > length {
				title, length = group.title, len(prefix)
			}
		}
	}
	return title
}

// Columns of the help: its width, and where the description of a flag begins.
const (
	helpWidth  = 100
	helpColumn = 32
)

// setUsage replaces the help of kingpin, which takes 250 lines and has no groups.
func (c *cli) setUsage() {
	c.app.UsageTemplate("{{Usage .App .Context.SelectedCommand .Context.Flags .Context.Args}}")
	c.app.UsageFuncs(template.FuncMap{"Usage": c.usage})
}

// usage returns the help of a command, or of the program if it is nil.
func (c *cli) usage(app *kingpin.ApplicationModel, command *kingpin.CmdModel, flags []*kingpin.FlagModel, args []*kingpin.ArgModel) string {
	var b strings.Builder
	name, help, below := app.Name, app.Help, app.Commands
	if command != nil {
		name, help, below = app.Name+" "+command.FullCommand, command.Help, command.Commands
	}
	fmt.Fprintf(&b, "usage: %s [<flags>]", name)
	if len(below) > 0 {
		b.WriteString(" [<command>]")
	}
	for _, arg := range args {
		b.WriteString(" " + argument(arg))
	}
	fmt.Fprintf(&b, "\n\n%s", wrap(help, 0))
	if len(below) > 0 {
		b.WriteString("\nCommands:\n")
		const column = 22 // where the help of a command begins
		for _, sub := range leaves(below) {
			fmt.Fprintf(&b, "  %-*s%s", column-2, sub.FullCommand, wrap(sub.Help, column)[column:])
		}
	}
	b.WriteString("\nFlags:\n")
	for _, f := range flags {
		if c.find(f.Name) == nil && !f.Hidden {
			writeEntry(&b, modelSpelling(f), f.Help)
		}
	}
	c.writeGroups(&b, flags)
	if len(args) > 0 {
		b.WriteString("\nArguments:\n")
		for _, arg := range args {
			writeEntry(&b, argument(arg), arg.Help)
		}
	}
	return b.String()
}

// writeGroups writes those flags of the exporter that the command uses.
func (c *cli) writeGroups(b *strings.Builder, flags []*kingpin.FlagModel) {
	used := map[string]bool{}
	for _, f := range flags {
		used[f.Name] = !f.Hidden
	}
	for _, group := range groups() {
		heading := "\n" + group.title + ":\n"
		for _, f := range c.flags {
			if f.title() != group.title || !used[f.name] || f.rare && !c.longHelp {
				continue
			}
			b.WriteString(heading)
			help := f.help
			if c.longHelp {
				help += " ($" + strings.Join(f.env, ", $") + ")"
			}
			writeEntry(b, f.spelling(), help)
			heading = ""
		}
	}
	if used["nginx.timeout"] && !c.longHelp {
		b.WriteString("\n" + wrap("Flags of the exporter have environment variables, as --nginx.timeout has $NGINX_EXPORTER_NGINX_TIMEOUT; --help-long shows them.", 0))
	}
}

// writeEntry writes a flag or an argument, and its description beside or below it.
func writeEntry(b *strings.Builder, spelling, help string) {
	text := wrap(help, helpColumn)
	if spelling = "  " + spelling; len(spelling)+2 > helpColumn {
		b.WriteString(spelling + "\n" + text)
		return
	}
	fmt.Fprintf(b, "%-*s%s", helpColumn, spelling, text[helpColumn:])
}

// spelling returns how the flag is written on the command line, with its default
// or a placeholder.
func (f *flag) spelling() string {
	switch {
	case f.boolean:
		return "--[no-]" + f.name
	case len(f.defaults) > 0:
		return "--" + f.name + "=" + strings.Join(f.defaults, ",")
	default:
		return "--" + f.name + "=" + f.placeholder
	}
}

// modelSpelling is spelling for a flag of a command.
func modelSpelling(f *kingpin.FlagModel) string {
	text := "--" + f.Name
	if f.IsBoolFlag() && slices.Contains(f.Default, "true") {
		text = "--[no-]" + f.Name
	}
	if f.Short != 0 {
		text = fmt.Sprintf("-%c, %s", f.Short, text)
	}
	if !f.IsBoolFlag() {
		text += "=" + f.FormatPlaceHolder()
	}
	return text
}

func argument(arg *kingpin.ArgModel) string {
	if !arg.Required {
		return "[<" + arg.Name + ">]"
	}
	return "<" + arg.Name + ">"
}

// leaves lists the commands without commands below them. Help has a flag too.
func leaves(list []*kingpin.CmdModel) []*kingpin.CmdModel {
	var all []*kingpin.CmdModel
	for _, command := range list {
		switch {
		case command.Hidden || command.Name == "help":
		case len(command.Commands) > 0:
			all = append(all, leaves(command.Commands)...)
		default:
			all = append(all, command)
		}
	}
	return all
}

// wrap breaks text into lines of [helpWidth] with an indentation.
func wrap(text string, indent int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(strings.Repeat(" ", indent))
			column = indent
		case column+1+len(word) > helpWidth:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteString("\n")
	return b.String()
}
