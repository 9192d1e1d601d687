package load_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nginx-exporter/internal/autoscale/load"
	"nginx-exporter/internal/autoscale/simulate"
)

// read returns all points of a load.
func read(l *load.Load) (points []simulate.Point, err error) {
	for p, err := range l.Points {
		if err != nil {
			return points, err
		}
		points = append(points, p)
	}
	return points, nil
}

// format writes points as seconds:rate.
func format(points []simulate.Point) string {
	var list []string
	for _, p := range points {
		list = append(list, fmt.Sprintf("%v:%v", p.At.Seconds(), p.Rate))
	}
	return strings.Join(list, " ")
}

// TestFiles reads files in all formats, valid and invalid ones.
func TestFiles(t *testing.T) {
	rising := &strings.Builder{}
	for i := range 60 {
		fmt.Fprintf(rising, "%d,%d\n", 100+i, (i%40)*1000)
	}
	for name, c := range map[string]struct {
		file       load.File
		text, want string
	}{
		"CSV with a header":         {text: "time,rate\n10,1\n20,2.5\n", want: "10:1 20:2.5"},
		"CSV without a header":      {text: "10,1\n20,2\n", want: "10:1 20:2"},
		"CSV of Windows":            {text: "\ufefftime,rate\r\n10,1\r\n20,2\r\n", want: "10:1 20:2"},
		"CSV of Grafana":            {text: "\"Time\",\"rps\"\n2026-01-01 00:00:00,1\n2026-01-01 00:00:15,2\n", want: "1.7672256e+09:1 1.767225615e+09:2"},
		"CSV with zones":            {text: "2026-01-01T01:00:00+01:00,1\n2026-01-01T00:00:15Z,2\n", want: "1.7672256e+09:1 1.767225615e+09:2"},
		"CSV with milliseconds":     {text: "1767225600000,1\n1767225615000,2\n", want: "1.7672256e+09:1 1.767225615e+09:2"},
		"CSV with comments":         {text: "# a comment\n10,1\n20,2\n", want: "10:1 20:2"},
		"CSV column":                {file: load.File{Series: "b"}, text: "time,a,b\n1,2,3\n2,3,4\n", want: "1:3 2:4"},
		"CSV counter":               {file: load.File{Counter: true}, text: "10,100\n20,300\n30,50\n40,150\n", want: "10:20 20:5 30:10"},
		"OpenMetrics gauge":         {text: "# TYPE rps gauge\nrps 5 10\nrps 6 20.5\n# EOF\n", want: "10:5 20.5:6"},
		"OpenMetrics counter":       {text: "# TYPE r counter\nr_total{a=\"b\"} 0 10\nr_created{a=\"b\"} 1 10\nr_total{a=\"b\"} 50 20 # {id=\"x\"} 1\nr_total{a=\"b\"} 60 30\n# EOF\n", want: "10:5 20:1"},
		"Prometheus text":           {text: "r 5 1767225600000\nr 6 1767225615000\n", want: "1.7672256e+09:5 1.767225615e+09:6"},
		"OpenMetrics series":        {file: load.File{Series: `r{pod="b"}`}, text: "r{pod=\"a\"} 1 10\nr{pod=\"a\"} 2 20\nr{pod=\"b\",x=\"}\"} 3 10\nr{pod=\"b\",x=\"}\"} 4 20\n", want: "10:3 20:4"},
		"empty":                     {text: "", want: "the file is empty"},
		"blank":                     {text: "\n\n", want: "it has no samples"},
		"only a header":             {text: "time,rate\n", want: "it has no samples"},
		"one sample":                {text: "10,1\n", want: "it has too few samples for a rate over time"},
		"NaN":                       {text: "10,1\n20,NaN\n", want: "line 2: the value is NaN"},
		"infinite":                  {text: "10,1\n20,+Inf\n", want: "line 2: the value is +Inf"},
		"negative":                  {text: "10,1\n20,-2\n", want: "line 2: the value -2 is negative"},
		"huge":                      {text: "10,1\n20,1e13\n", want: "line 2: the value 1e+13 is more than 1e+12 requests per second"},
		"unordered":                 {text: "10,1\n5,2\n", want: "line 2: the time is before that of the sample before; sort the samples by time"},
		"twice":                     {text: "10,1\n10,2\n", want: "line 2: the time is that of the sample before; the file must have one series"},
		"no value":                  {text: "10,1\n20,\n", want: "line 2: the value is empty"},
		"no number":                 {text: "10,1\n20,two\n", want: `line 2: "two" is not a number`},
		"no time":                   {text: "10,1\nnoon,2\n", want: `line 2: "noon" is not a time: use Unix seconds or 2026-01-31T12:00:00Z`},
		"columns change":            {text: "10,1\n20,2,3\n", want: "line 2: wrong number of fields"},
		"several columns":           {text: "time,a,b\n1,2,3\n", want: `the file has 2 series: select one with --series, such as "a"`},
		"no such column":            {file: load.File{Series: "c"}, text: "time,a,b\n1,2,3\n", want: `the file has no column "c", but "a", "b"`},
		"a counter with resets":     {text: rising.String(), want: "the values look like a counter with 1 resets, not like a rate: use --counter"},
		"prose":                     {text: "hello\nworld\n", want: `the file is neither CSV with a time and a value in each line nor OpenMetrics; it begins with "hello"`},
		"JSON":                      {text: "{\"a\": 1}\n", want: `the file is neither CSV with a time and a value in each line nor OpenMetrics; it begins with "{\"a\": 1}"`},
		"binary":                    {text: "\x7fELF\x00\x01", want: "the file is neither CSV nor OpenMetrics: it is binary"},
		"a scrape":                  {text: "# TYPE rps gauge\nrps 5\n", want: "line 2: the sample has no timestamp: one scrape is not a series over time"},
		"several series":            {text: "r{pod=\"a\"} 1 10\nr{pod=\"b\"} 1 10\n", want: `line 2: the file has several series, such as r{pod="a"} and r{pod="b"}: select one with --series`},
		"no such series":            {file: load.File{Series: "x"}, text: "r 1 10\nr 2 20\n", want: `the file has no series "x"`},
		"choice is no series":       {file: load.File{Series: `r{pod="a`}, text: "r 1 10\n", want: `--series=r{pod="a is not a series: use a name, or NAME{LABEL="VALUE"}`},
		"OpenMetrics broken":        {text: "r 1 10\nr{ 2 20\n", want: `line 2: "r{ 2 20" is not a sample of OpenMetrics`},
		"OpenMetrics counter twice": {text: "# TYPE r counter\nr_total 1 10\nr_total 2 20\n", want: "it has too few samples for a rate over time"},
	} {
		t.Run(name, func(t *testing.T) {
			c.file.Path = filepath.Join(t.TempDir(), "load")
			if err := os.WriteFile(c.file.Path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			l, done, err := c.file.Load(nil)
			var points []simulate.Point
			if err == nil {
				points, err = read(l)
				done()
			}
			got := format(points)
			if err != nil {
				got = strings.TrimPrefix(err.Error(), c.file.Path+": ")
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestStandardInput reads a load that is not a file.
func TestStandardInput(t *testing.T) {
	l, done, err := load.File{Path: "-"}.Load(strings.NewReader("10,1\n20,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if points, err := read(l); err != nil || format(points) != "10:1 20:2" {
		t.Errorf("got %s, %v", format(points), err)
	}
}

// TestNotes checks remarks about what was read.
func TestNotes(t *testing.T) {
	rising := &strings.Builder{}
	for i := range 60 {
		fmt.Fprintf(rising, "%d,%d\n", 100+i, i*1000)
	}
	for text, want := range map[string]string{
		"10,1\n20,2\n30,1\n": "[]",
		rising.String():      "[The values only increase. If they are a counter of requests, use --counter.]",
	} {
		l, done, err := load.File{Path: "-"}.Load(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(l); err != nil {
			t.Fatal(err)
		}
		done()
		if got := fmt.Sprint(l.Notes()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestShapes checks the value at the start, the highest one and where it is.
func TestShapes(t *testing.T) {
	for name, want := range map[string]string{
		"step": "10 highest 100 at 15m0s", "spike": "10 highest 100 at 15m0s",
		"sine": "10 highest 100 at 30m0s", "flash-crowd": "10 highest 100 at 17m0s",
	} {
		l, err := load.Shape{Name: name, Base: 10, Peak: 100, Duration: time.Hour}.Load()
		if err != nil {
			t.Fatal(err)
		}
		points, err := read(l)
		if err != nil || len(points) != 720 || !l.Relative {
			t.Fatalf("%s: %d points, %v", name, len(points), err)
		}
		highest := points[0]
		for _, p := range points {
			if p.Rate < 10 || p.Rate > 100 {
				t.Errorf("%s: %v at %v", name, p.Rate, p.At)
			}
			if p.Rate > highest.Rate {
				highest = p
			}
		}
		if got := fmt.Sprintf("%v highest %v at %v", points[0].Rate, highest.Rate, highest.At); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, s := range []load.Shape{
		{Name: "ramp", Duration: time.Hour}, {Name: "step", Base: -1, Duration: time.Hour}, {Name: "step", Duration: time.Second}, {Name: "step", Peak: 1e99, Duration: time.Hour},
	} {
		if _, err := s.Load(); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

// FuzzFile checks that whatever is read is a load.
func FuzzFile(f *testing.F) {
	f.Add("time,rate\n10,1\n20,2.5\n", "", false)
	f.Add("# TYPE r counter\nr_total{a=\"b\"} 0 10\nr_total{a=\"b\"} 50 20 # {id=\"x\"} 1\n# EOF\n", "r_total", true)
	f.Add("2026-01-01 00:00:00,1\n\"2026-01-01T00:00:15Z\",2\n", "", true)
	f.Fuzz(func(t *testing.T, text, series string, counter bool) {
		l, done, err := load.File{Path: "-", Series: series, Counter: counter}.Load(strings.NewReader(text))
		if err != nil {
			return
		}
		defer done()
		last := time.Duration(-1)
		for p, err := range l.Points {
			if err != nil {
				return
			}
			if p.At <= last || !(p.Rate >= 0) {
				t.Fatalf("%v: %v after %v", p.At, p.Rate, last)
			}
			last = p.At
		}
	})
}
