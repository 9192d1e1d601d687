package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"nginx-exporter/internal/nearest"
)

// explain adds to an error of the command line what was probably meant.
func (c *cli) explain(err error, args []string) error {
	// The errors of kingpin about unknown arguments.
	unexpected := regexp.MustCompile(`(?s)^(unknown long flag|unknown short flag|unexpected argument|unexpected) '?(.*?)'?$`)
	match := unexpected.FindStringSubmatch(err.Error())
	if match == nil {
		return nameFlag(err, args)
	}
	kind, given := match[1], match[2]
	if strings.HasPrefix(kind, "unknown") {
		return fmt.Errorf("unknown flag %q%s", given, c.didYouMean(args, given))
	}
	if i := slices.Index(args, given); i > 0 {
		name := strings.TrimPrefix(strings.TrimLeft(args[i-1], "-"), "no-")
		if f := c.find(name); f != nil && f.boolean && strings.HasPrefix(args[i-1], "-") {
			return fmt.Errorf("unexpected %q after --%s, which has no value: write --%s or --no-%s", given, f.name, f.name, f.name)
		}
	}
	switch {
	case given == "":
		return errors.New(`unexpected empty argument ""`)
	case strings.Contains(given, "://") || strings.HasPrefix(given, "unix:"):
		return fmt.Errorf("unexpected %q (did you mean --nginx.scrape-uri=URI?)", given)
	case regexp.MustCompile(`^[^=/@\s]*:[0-9]+$`).MatchString(given):
		return fmt.Errorf("unexpected %q (did you mean --web.listen-address=%s?)", given, given)
	}
	return fmt.Errorf("unexpected %q%s", given, c.didYouMean(args, given))
}

// nameFlag adds the flag to an error that has only its value, as those of kingpin and of
// package strconv.
func nameFlag(err error, args []string) error {
	text := err.Error()
	number := regexp.MustCompile(`^strconv\.Parse[A-Za-z]+: parsing (".*"): (.*)$`)
	enum := regexp.MustCompile(`^enum value must be one of (.*), got '.*'$`)
	text = number.ReplaceAllString(text, "$1 is not a valid number")
	text = enum.ReplaceAllString(text, "the value must be one of $1")
	for i, arg := range args {
		name, value, assigned := strings.Cut(arg, "=")
		if !strings.HasPrefix(name, "--") || strings.Contains(text, name) {
			continue
		}
		if !assigned && i+1 < len(args) {
			value = args[i+1]
		}
		if strings.Contains(err.Error(), strconv.Quote(value)) || strings.Contains(err.Error(), "got '"+value+"'") {
			return fmt.Errorf("%s: %s", name, text)
		}
	}
	return err
}

// didYouMean names the flag or command that is most similar to what was given, or
// all commands if none is similar.
func (c *cli) didYouMean(args []string, given string) string {
	isFlag := strings.HasPrefix(given, "-")
	given, _, _ = strings.Cut(strings.TrimLeft(given, "-"), "=")
	given, negated := strings.CutPrefix(given, "no-")
	model := c.app.Model()
	var all, names []string
	add := func(flags []*kingpin.FlagModel) {
		for _, f := range flags {
			if !f.Hidden {
				all = append(all, f.Name)
			}
		}
	}
	add(model.Flags)
	for _, command := range commands(model.Commands) {
		if command.Name == "help" {
			continue // it is not in the help, either
		}
		if words := strings.Fields(command.FullCommand); len(words) == 1 || slices.Contains(args, words[0]) {
			all, names = append(all, command.Name), append(names, command.FullCommand)
		}
		if slices.Contains(args, strings.Fields(command.FullCommand)[0]) {
			add(command.Flags)
		}
	}
	found := nearest.Name(given, all)
	switch {
	case found == "" && isFlag:
		return "; --help-long shows all flags"
	case found == "":
		return "; the commands are " + strings.Join(names, ", ")
	case slices.ContainsFunc(names, func(name string) bool { return last(name) == found }):
		return fmt.Sprintf(" (did you mean the command %s?)", found)
	case negated:
		return fmt.Sprintf(" (did you mean --no-%s?)", found)
	default:
		return fmt.Sprintf(" (did you mean --%s?)", found)
	}
}

// last returns the last word.
func last(words string) string { return words[strings.LastIndexByte(words, ' ')+1:] }

// commands lists commands and those below them.
func commands(list []*kingpin.CmdModel) []*kingpin.CmdModel {
	var all []*kingpin.CmdModel
	for _, command := range list {
		if !command.Hidden {
			all = append(append(all, command), commands(command.Commands)...)
		}
	}
	return all
}
