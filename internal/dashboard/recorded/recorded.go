// Package recorded has runs of the exporter for the tests and the pictures of the
// dashboards: scrapes of a real nginx under load with incidents, and of simulated NGINX
// Plus, Angie and nginx-module-vts. It makes fleets of any size from them, as OpenMetrics
// text for promtool.
//
// It is not part of the program. Its test records new runs with -record.
package recorded

import (
	"bufio"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Interval is the time between two scrapes of a recording.
const Interval = 5 * time.Second

// Run is a sequence of scrapes of one exporter.
type Run struct {
	Scrapes int
	Series  []Series // sorted by name and labels
}

// Series is a time series with one value per scrape, NaN where it was absent.
type Series struct {
	Name   string
	Labels string // as in the exposition, without braces
	Values []float64
}

// Builder collects scrapes.
type Builder struct {
	scrapes int
	series  map[[2]string][]float64
}

// Add adds a scrape in the text format. An empty text is a scrape that failed.
func (b *Builder) Add(exposition string) error {
	if b.series == nil {
		b.series = map[[2]string][]float64{}
	}
	for line := range strings.Lines(exposition) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, err := splitSample(line)
		if err != nil {
			return err
		}
		b.series[name] = append(b.padded(name), value)
	}
	b.scrapes++
	return nil
}

// padded returns the values of a series so far, one per scrape.
func (b *Builder) padded(name [2]string) []float64 {
	values := b.series[name]
	for len(values) < b.scrapes {
		values = append(values, math.NaN())
	}
	return values
}

func splitSample(line string) (name [2]string, value float64, err error) {
	blank := strings.LastIndexByte(line, ' ')
	if blank < 0 {
		return name, 0, fmt.Errorf("no value in %q", line)
	}
	value, err = strconv.ParseFloat(line[blank+1:], 64)
	if err != nil {
		return name, 0, fmt.Errorf("value of %q: %w", line, err)
	}
	series, labels, _ := strings.Cut(line[:blank], "{")
	return [2]string{series, strings.TrimSuffix(labels, "}")}, value, nil
}

// Run returns all scrapes so far.
func (b *Builder) Run() Run {
	run := Run{Scrapes: b.scrapes}
	for name := range b.series {
		run.Series = append(run.Series, Series{name[0], name[1], b.padded(name)})
	}
	slices.SortFunc(run.Series, func(x, y Series) int {
		return strings.Compare(x.Name+"{"+x.Labels, y.Name+"{"+y.Labels)
	})
	return run
}

// Write writes a run. A line has a series and its values, separated by tabs; a value
// that is the same as the one before is empty, and an absent one is "-".
func (r Run) Write(w io.Writer) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(zipped)
	fmt.Fprintf(out, "%d\n", r.Scrapes)
	for _, s := range r.Series {
		fmt.Fprintf(out, "%s\t%s", s.Name, s.Labels)
		last := ""
		for _, v := range s.Values {
			text := "-"
			if !math.IsNaN(v) {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			if text == last {
				text = ""
			} else {
				last = text
			}
			fmt.Fprint(out, "\t", text)
		}
		fmt.Fprintln(out)
	}
	return errors.Join(out.Flush(), zipped.Close())
}

// Read reads what Write has written.
func Read(r io.Reader) (Run, error) {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return Run{}, err
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		return Run{}, err
	}
	head, body, _ := strings.Cut(string(text), "\n")
	run := Run{}
	if run.Scrapes, err = strconv.Atoi(head); err != nil {
		return Run{}, err
	}
	for line := range strings.Lines(body) {
		s, err := readSeries(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return Run{}, err
		}
		if len(s.Values) != run.Scrapes {
			return Run{}, fmt.Errorf("%s{%s} has %d values, not %d", s.Name, s.Labels, len(s.Values), run.Scrapes)
		}
		run.Series = append(run.Series, s)
	}
	return run, nil
}

func readSeries(line string) (Series, error) {
	fields := strings.Split(line, "\t")
	if len(fields) < 2 {
		return Series{}, fmt.Errorf("unexpected line %q", line)
	}
	s := Series{Name: fields[0], Labels: fields[1]}
	last := math.NaN()
	for _, field := range fields[2:] {
		switch field {
		case "":
		case "-":
			last = math.NaN()
		default:
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return Series{}, fmt.Errorf("%s{%s}: %w", s.Name, s.Labels, err)
			}
			last = v
		}
		s.Values = append(s.Values, last)
	}
	return s, nil
}

//go:embed testdata
var files embed.FS

// Names returns the recorded runs: "web1" and "web2" are nginx under normal load, "bad"
// restarts and drops connections, the others are named by their status interface.
func Names() []string { return []string{"web1", "web2", "bad", "plus", "angie", "vts"} }

// Load returns a recorded run by its name.
func Load(name string) (Run, error) {
	file, err := files.Open("testdata/" + name + ".gz")
	if err != nil {
		return Run{}, err
	}
	defer func() { _ = file.Close() }() // it is embedded
	run, err := Read(file)
	if err != nil {
		return Run{}, fmt.Errorf("recording %s: %w", name, err)
	}
	return run, nil
}
