package page

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"nginx-exporter/collector/view"
)

// summary is the state in tables of text, for readers without scripts.
type summary struct {
	heading string
	tables  []textTable
	notes   []string
}

type textTable struct {
	title string
	head  []string
	rows  [][]string
	bad   []bool // by row
}

// maxListed bounds the servers that are listed for readers without scripts: only those
// that are not up.
const maxListed = 200

func (s *State) summary() *summary {
	targets := textTable{title: "Targets", head: []string{"target", "state", "version", "requests", "active connections", "reason"}}
	servers := textTable{title: "Servers that are not up", head: []string{"upstream", "server", "state", "target"}}
	var counts []string
	down, partial, notUp := 0, 0, 0
	for i := range s.Targets {
		t := &s.Targets[i]
		if t.Target == "" {
			continue
		}
		targets.rows = append(targets.rows, t.row())
		targets.bad = append(targets.bad, !t.Up)
		if !t.Up {
			down++
		} else if len(t.failed()) > 0 {
			partial++
		}
		notUp += t.listServers(&servers)
	}
	all := plural(len(targets.rows), "target")
	if down > 0 {
		counts = append(counts, strconv.Itoa(down)+" of "+all+" down")
	} else {
		counts = append(counts, all+" up")
	}
	if partial > 0 {
		counts = append(counts, plural(partial, "target")+" read in part")
	}
	if notUp > 0 {
		counts = append(counts, plural(notUp, "server")+" not up")
	}
	sum := &summary{heading: strings.Join(counts, ", "), tables: []textTable{targets}}
	if notUp > 0 {
		sum.tables = append(sum.tables, servers)
	}
	if more := notUp - len(servers.rows); more > 0 {
		sum.notes = append(sum.notes, fmt.Sprintf("%d more servers are not up", more))
	}
	sum.notes = append(append(sum.notes, s.advice()...), s.scraped())
	return sum
}

// row is a target in one line.
func (t *target) row() []string {
	state, reason := "up", ""
	if !t.Up {
		state = "down"
		if t.Error != nil {
			reason = string(t.Error.Reason) + ": " + t.Error.Message
		}
	}
	return []string{t.Target, state, t.text(view.Version), t.number(view.Requests), t.number(view.Active), reason}
}

// find returns a column of the nginx itself, nil if there is none.
func (t *target) find(role view.Role) *column {
	for i := range t.Tables {
		for j := range t.Tables[i].Columns {
			if c := &t.Tables[i].Columns[j]; t.Tables[i].Kind == view.Nginx && c.Role == role {
				return c
			}
		}
	}
	return nil
}

// absent is shown for what is not known, which is not zero.
const absent = "–"

func (t *target) text(role view.Role) string {
	if c := t.find(role); c != nil && len(c.Texts) > 0 && c.Texts[0] != "" {
		return c.Texts[0]
	}
	return absent
}

func (t *target) number(role view.Role) string {
	if c := t.find(role); c != nil && len(c.Values) > 0 && c.Values[0].IsSet() {
		return strconv.FormatFloat(c.Values[0].Float(), 'f', -1, 64)
	}
	return absent
}

// listServers adds the servers of a target that are not up, and returns how many there
// are.
func (t *target) listServers(to *textTable) (notUp int) {
	for i := range t.Tables {
		table := &t.Tables[i]
		status := slices.IndexFunc(table.Columns, func(c column) bool { return c.Role == view.Status })
		if status < 0 {
			continue
		}
		for row, state := range table.Columns[status].States {
			if state == view.Up || state == "" {
				continue
			}
			if notUp++; len(to.rows) < maxListed {
				to.rows = append(to.rows, []string{table.Names[0][row], table.Names[len(table.Names)-1][row], string(state), t.Target})
				to.bad = append(to.bad, true)
			}
		}
	}
	return notUp
}

// failed returns the sources that failed although the target is up.
func (t *target) failed() []result {
	return slices.DeleteFunc(slices.Clone(t.Sources), func(r result) bool { return r.Error == nil || !t.Up })
}

// advice lists what to do about targets that are down or read in part.
func (s *State) advice() []string {
	var notes []string
	for i := range s.Targets {
		t := &s.Targets[i]
		if t.Error != nil && t.Error.Advice != "" {
			notes = append(notes, t.Target+": "+t.Error.Advice)
		}
		for _, r := range t.failed() {
			notes = append(notes, t.Target+": "+r.Source+" failed: "+string(r.Error.Reason)+": "+r.Error.Message)
			if r.Error.Advice != "" {
				notes = append(notes, t.Target+": "+r.Error.Advice)
			}
		}
		if t.Doctor == nil {
			continue
		}
		for _, f := range t.Doctor.Findings {
			notes = append(notes, "doctor: "+string(f.Code)+": "+f.Message)
			notes = append(notes, f.Fix...)
		}
	}
	return notes
}

func (s *State) scraped() string {
	if len(s.Scrapers) == 0 {
		return "Not scraped by Prometheus since the exporter started."
	}
	last := &s.Scrapers[0]
	age := time.Duration(last.Age * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("Last scraped by %s %s ago.", last.Agent, age)
}

// WriteText writes the state as tables of plain text.
func (s *State) WriteText(w io.Writer) error {
	sum := s.summary()
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "NGINX exporter "+s.Version+": "+sum.heading)
	for _, t := range sum.tables {
		fmt.Fprintln(columns, "\n"+printable(t.title))
		for _, row := range append([][]string{t.head}, t.rows...) {
			fmt.Fprintln(columns, printable(strings.Join(row, "\t")))
		}
	}
	fmt.Fprintln(columns)
	for _, note := range sum.notes {
		fmt.Fprintln(columns, printable(note))
	}
	return columns.Flush()
}

// printable replaces control characters, which names from nginx may have.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == '\x7f' {
			return '\uFFFD'
		}
		return r
	}, text)
}

// WriteHTML writes the state as HTML tables.
func (s *State) WriteHTML(w io.Writer) error {
	sum := s.summary()
	var b strings.Builder
	b.WriteString("<h2>" + html.EscapeString(sum.heading) + "</h2>\n")
	for _, t := range sum.tables {
		b.WriteString("<table><caption>" + html.EscapeString(t.title) + "</caption>\n<thead><tr>")
		for _, name := range t.head {
			b.WriteString(`<th scope="col">` + html.EscapeString(name) + "</th>")
		}
		b.WriteString("</tr></thead>\n<tbody>\n")
		for i, row := range t.rows {
			b.WriteString(map[bool]string{true: `<tr class="bad">`, false: "<tr>"}[t.bad[i]])
			for _, cell := range row {
				b.WriteString("<td>" + html.EscapeString(cell) + "</td>")
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</tbody></table>\n")
	}
	for _, note := range sum.notes {
		b.WriteString("<p>" + html.EscapeString(note) + "</p>\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return strconv.Itoa(n) + " " + of
}
