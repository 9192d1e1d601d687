package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// TestDocsManPages compares docs/nginx-exporter.1, and docs/man with a page for each command, with the flags and commands.
func TestDocsManPages(t *testing.T) {
	generated(t, "docs/nginx-exporter.1", mainPage(t))
	var names []string
	for _, path := range commandPaths(t) {
		name := strings.ReplaceAll(programName+" "+path, " ", "-") + ".1"
		names = append(names, name)
		generated(t, "docs/man/"+name, commandPage(t, path))
	}
	files, err := filepath.Glob(fromRoot("docs/man/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(names, filepath.Base(file)) {
			t.Errorf("%s is the page of no command", file)
		}
	}
}

// commandPaths lists the commands with a page of their own, such as "doctor hpa".
func commandPaths(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, command := range commands(fresh(t).app.Model().Commands) {
		if command.Name != "help" {
			paths = append(paths, command.FullCommand)
		}
	}
	return paths
}

// mainPage returns the page of the program, with the flags of the exporter.
func mainPage(t *testing.T) string {
	t.Helper()
	cli := fresh(t)
	model := cli.app.Model()
	var page strings.Builder
	title(&page, programName, strings.TrimSuffix(model.Help, "."))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n[\\fIFLAGS\\fR] [\\fICOMMAND\\fR]\n", roff(programName))
	fmt.Fprintf(&page, ".SH DESCRIPTION\n%s\n", roff(model.Help))
	page.WriteString("Without a command it scrapes NGINX and exposes its metrics on port 9113.\n.SH COMMANDS\nEach command has a page of its own.\n")
	writeCommands(&page, model.Commands)
	page.WriteString(".SH OPTIONS\nCommand-line flags take precedence over environment variables, and variables with the prefix over those without.\n")
	for _, group := range groups() {
		fmt.Fprintf(&page, ".SS %s\n", roff(group.title))
		for _, f := range cli.flags {
			if !f.hidden && f.title() == group.title {
				fmt.Fprintf(&page, ".TP\n.B %s\n%s\n.br\nEnvironment: %s.%s\n",
					roff(spelling(f)), roff(f.help), roff(strings.Join(f.env, ", ")), roff(standard(f)))
			}
		}
	}
	page.WriteString(manEnd)
	var others []string
	for _, path := range commandPaths(t) {
		others = append(others, reference(path, "1"))
	}
	page.WriteString(".SH SEE ALSO\n" + strings.Join(append(others, reference("nginx", "8"), reference("prometheus", "1")), ",\n") + "\n")
	return page.String()
}

// manEnd is the rest of the main page.
const manEnd = `.SH SIGNALS
.TP
.B SIGHUP
Reload the configuration file.
.TP
.B SIGTERM, SIGINT
Shut down gracefully: respond to requests in progress, then exit. A second signal ends the drain delay.
.SH SYSTEMD
In a unit with Type=notify the exporter reports when it listens, reloads and stops. With WatchdogSec= it notifies systemd as long as it
handles connections.
.SH EXIT STATUS
0 on success and after a signal, 1 on an error, such as an invalid configuration or an address in use.
inject and uninject exit with 2 if \-\-require is not met.
autoscale exits with 0 if the plan can be applied or the HPA works, 1 if a part is left to do or it does not work, 2 for bad input or a cluster that cannot be observed.
doctor exits with 0 if healthy, 1 if a problem is found, 2 if diagnosis is not possible.
`

// exitStatus has what the status of commands means, where it is more than success or failure.
func exitStatus(path string) string {
	switch top, _, _ := strings.Cut(path, " "); top {
	case injectCommand, uninjectCommand:
		return "0 on success, 1 on an error, 2 if --require is not met."
	case autoscaleCommand:
		return "0 if the plan can be applied or the HPA works, 1 if a part is left to do or it does not work, 2 for bad input or a cluster that cannot be observed."
	case doctorCommand:
		return "0 if healthy, 1 if a problem is found, 2 if diagnosis is not possible."
	default:
		return "0 on success, 1 on an error."
	}
}

// commandPage returns the page of a command.
func commandPage(t *testing.T, path string) string {
	t.Helper()
	cli := fresh(t)
	cli.focus(strings.Fields(path))
	model := cli.app.Model()
	list := model.Commands
	var command *kingpin.CmdModel
	var flags []*kingpin.FlagModel // with those of the commands above
	for _, word := range strings.Fields(path) {
		i := slices.IndexFunc(list, func(c *kingpin.CmdModel) bool { return c.Name == word })
		command, list = list[i], list[i].Commands
		flags = append(flags, command.Flags...)
	}
	var page strings.Builder
	about, _, _ := strings.Cut(command.Help, ". ")
	title(&page, strings.ReplaceAll(programName+" "+path, " ", "-"), lowerFirst(strings.TrimSuffix(about, ".")))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n[\\fIFLAGS\\fR]", roff(programName+" "+path))
	if len(command.Commands) > 0 {
		page.WriteString(" [\\fICOMMAND\\fR]")
	}
	for _, arg := range command.Args {
		fmt.Fprintf(&page, " %s", roff(argument(arg)))
	}
	fmt.Fprintf(&page, "\n.SH DESCRIPTION\n%s\n", roff(command.Help))
	if len(command.Commands) > 0 {
		page.WriteString(".SH COMMANDS\n")
		writeCommands(&page, command.Commands)
	}
	if len(command.Args) > 0 {
		page.WriteString(".SH ARGUMENTS\n")
		for _, arg := range command.Args {
			fmt.Fprintf(&page, ".TP\n.I %s\n%s\n", roff(arg.Name), roff(arg.Help))
		}
	}
	page.WriteString(options(cli, flags))
	fmt.Fprintf(&page, ".SH EXIT STATUS\n%s\n", roff(exitStatus(path)))
	fmt.Fprintf(&page, ".SH SEE ALSO\n%s\n", reference("", "1"))
	return page.String()
}

// options returns the section about the flags of a command.
func options(cli *cli, flags []*kingpin.FlagModel) string {
	var section strings.Builder
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		fmt.Fprintf(&section, ".TP\n.B %s\n%s", roff(modelSpelling(f)), roff(f.Help))
		if len(f.Default) > 0 && !f.IsBoolFlag() && f.Default[0] != "" {
			fmt.Fprintf(&section, " Default: %s.", roff(strings.Join(f.Default, ", ")))
		}
		section.WriteString("\n")
	}
	if section.Len() > 0 {
		section.WriteString(".PP\n")
	}
	switch further := exporterFlags(cli); {
	case len(further) == len(cli.flags)-hidden(cli.flags):
		fmt.Fprintf(&section, "All flags in\n%s.\n", reference("", "1"))
	case len(further) > 0:
		fmt.Fprintf(&section, "And these flags in\n%s:\n%s.\n", reference("", "1"), roff("--"+strings.Join(further, ", --")))
	default:
		section.WriteString("The flags of the exporter are not used.\n")
	}
	return ".SH OPTIONS\n" + section.String()
}

// exporterFlags lists the flags of the exporter that the command in focus uses.
func exporterFlags(cli *cli) []string {
	var names []string
	for _, f := range cli.app.Model().Flags {
		if !f.Hidden && cli.find(f.Name) != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// hidden counts hidden flags.
func hidden(flags []*flag) (count int) {
	for _, f := range flags {
		if f.hidden {
			count++
		}
	}
	return count
}

// title writes the heading and the line that indexes of man pages read.
func title(page *strings.Builder, name, about string) {
	fmt.Fprintf(page, ".TH %s 1 \"\" %q \"User Commands\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(name)), programName, roff(name), roff(about))
}

func writeCommands(page *strings.Builder, list []*kingpin.CmdModel) {
	for _, command := range leaves(list) {
		help := command.Help
		if command.Default && !strings.Contains(help, "default") {
			help += " This is the default."
		}
		fmt.Fprintf(page, ".TP\n.B %s\n%s\n", roff(command.FullCommand), roff(help))
	}
}

// reference returns a reference to a page: of a command, of the program if the path is empty, or of another program.
func reference(path, section string) string {
	name := programName
	switch {
	case section != "1" || path == "prometheus":
		name = path
	case path != "":
		name += "-" + strings.ReplaceAll(path, " ", "-")
	}
	return fmt.Sprintf("\\fB%s\\fR(%s)", roff(name), section)
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

func standard(f *flag) string {
	if len(f.defaults) == 0 {
		return ""
	}
	return " Default: " + strings.Join(f.defaults, ", ") + "."
}

// roff escapes markup of groff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
