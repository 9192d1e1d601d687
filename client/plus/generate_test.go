package plus

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"

	"nginx-exporter/client/api"
	"nginx-exporter/client/internal/oracle"
)

// generator writes documents by the rules, with every kind of error that they can
// have. A tape makes its choices, so that a fuzzer can control it.
type generator struct {
	schema *oracle.Schema
	tape   []byte
	rest   *rand.Rand // decides when the tape has ended
	out    strings.Builder
	left   int // how many values there may still be
}

// generate writes one document. Few of them are broken.
func generate(all *oracle.Schema, document oracle.Document, tape []byte) []byte {
	seed := uint64(len(tape))
	for _, b := range tape {
		seed = seed*0x100000001b3 ^ uint64(b)
	}
	g := &generator{schema: all, tape: tape, rest: rand.New(rand.NewPCG(seed, 1)), left: 400} // not for secrets
	g.document(reflect.TypeOf(document).Elem())
	g.blank()
	return g.spoil([]byte(g.out.String()))
}

// pick returns a number below n, which is at most 256.
func (g *generator) pick(n int) int {
	if len(g.tape) == 0 {
		return g.rest.IntN(n)
	}
	b := g.tape[0]
	g.tape = g.tape[1:]
	return int(b) % n
}

func (g *generator) one(of ...string) string { return of[g.pick(len(of))] }

func (g *generator) say(text string) { g.out.WriteString(text) }

func (g *generator) blank() {
	if g.pick(12) == 0 {
		g.say(g.one(" ", "\n", "\t", "\r\n", "  \t\n ", strings.Repeat(" ", 40)))
	}
}

func (g *generator) document(kind reflect.Type) {
	switch {
	case g.pick(40) == 0:
		g.anything(0)
	case kind.Name() == "Workers":
		worker := func() { g.object(g.schema.Rules["Worker"]) }
		if g.pick(3) == 0 {
			g.named(worker)
		} else {
			g.list(worker)
		}
	case kind.Name() == "Upstreams":
		g.named(func() { g.object(g.schema.Rules["Upstream"]) })
	case g.schema.Rules[kind.Name()] != nil:
		g.object(g.schema.Rules[kind.Name()])
	default: // zones
		g.named(func() { g.structure(kind.Field(0).Type.Elem().Elem()) })
	}
}

func (g *generator) structure(kind reflect.Type) {
	if kind.Name() == "Keyval" {
		g.named(func() { g.text() })
		return
	}
	g.object(g.schema.Rules[kind.Name()])
}

func (g *generator) list(element func()) {
	g.say("[")
	for i := range g.pick(5) {
		if i > 0 {
			g.say(",")
		}
		g.value(element)
	}
	g.blank()
	g.say("]")
}

// named writes an object whose names are anything.
func (g *generator) named(value func()) {
	g.say("{")
	for i := range g.pick(5) {
		if i > 0 {
			g.say(",")
		}
		if g.pick(3) == 0 {
			g.say(g.one(`"a"`, `"b"`, `"200"`, `"peers"`, `"ssl"`)) // comes twice at times
		} else {
			g.text()
		}
		g.blank()
		g.say(":")
		g.value(value)
	}
	g.blank()
	g.say("}")
}

// object writes most members that are known, some of them twice, and others.
func (g *generator) object(rules *oracle.Rule) {
	g.say("{")
	first := true
	for range len(rules.Names) + g.pick(3) {
		if !first {
			g.say(",")
		}
		first = false
		if len(rules.Names) == 0 || g.pick(16) == 0 {
			g.text()
			g.say(":")
			g.anything(0)
			continue
		}
		name := rules.Names[g.pick(len(rules.Names))]
		g.name(name)
		g.blank()
		g.say(":")
		within := rules.Members[name]
		g.value(func() { g.member(within) })
	}
	g.blank()
	g.say("}")
}

// name writes the name of a member, at times with escapes or not quite.
func (g *generator) name(name string) {
	g.blank()
	switch g.pick(24) {
	case 0:
		fmt.Fprintf(&g.out, `"\u%04x%s"`, name[0], name[1:])
	case 1:
		fmt.Fprintf(&g.out, `"%s\u%04X"`, name[:len(name)-1], name[len(name)-1])
	case 2:
		g.say(strconv.Quote(strings.ToUpper(name)))
	case 3:
		g.say(`"` + name + g.one(" ", "s", `\u0000`, "_") + `"`)
	default:
		g.say(`"` + name + `"`)
	}
}

// value writes the intended value, or sometimes any other.
func (g *generator) value(wanted func()) {
	g.blank()
	if g.left--; g.left < 0 {
		g.say("0")
		return
	}
	if g.pick(14) == 0 {
		g.anything(0)
		return
	}
	wanted()
}

func (g *generator) member(rules *oracle.Rule) {
	switch rules.Kind {
	case "":
		g.object(rules)
	case "count", "gauge", "end", "id":
		g.number()
	case "flag":
		g.say(g.one("true", "false"))
	case "time":
		g.say(g.one(`"2026-07-02T09:16:31.125Z"`, `"2026-07-02T09:16:31Z"`, `"1969-12-31T23:59:59.999+02:00"`, `"0000-01-01T00:00:00Z"`,
			`"9999-12-31T23:59:59.999999999Z"`, `"2026-02-30T00:00:00Z"`, `"now"`, `""`, `"2026-07-02T09:16:31,5Z"`, `"2026-07-02\u005409:16:31Z"`))
	case "state":
		g.say(g.one(`"up"`, `"down"`, `"draining"`, `"unavail"`, `"checking"`, `"unhealthy"`, `"unknown"`, `"UP"`, `"\u0075p"`, `""`))
	case "peers":
		g.list(func() { g.object(g.schema.Rules["Peer"]) })
	case "codes":
		g.named(g.number)
	case "slots":
		g.named(func() { g.object(g.schema.Rules["Slot"]) })
	case "buckets":
		g.buckets()
	default:
		g.inner(rules)
	}
}

// inner writes the object of a field that is a struct.
func (g *generator) inner(rules *oracle.Rule) {
	types := map[string]any{
		"Connections": api.Connections{}, "Requests": Requests{}, "Lookups": api.Lookups{}, "Responses": Responses{}, "TLS": TLS{}, "ResponseTimes": Histogram{},
		"Zones": SyncZone{},
	}
	kind, found := types[rules.Field]
	switch {
	case !found && rules.Kind == "text":
		g.text()
	case !found:
		g.object(g.schema.Rules["CacheUse"])
	case rules.Kind == "zones":
		g.named(func() { g.structure(reflect.TypeOf(kind)) })
	default:
		g.structure(reflect.TypeOf(kind))
	}
}

func (g *generator) buckets() {
	g.say("{")
	for i := range 1 + g.pick(8) {
		if i > 0 {
			g.say(",")
		}
		name := strconv.Itoa(5 * (i + 1))
		if g.pick(10) == 0 {
			name = g.one("inf", "Inf", "+Inf", "-5", "0", "7.5", "5.0", "5", "1e300", "1e999", "nan", "0x10", "", " 5", "1e-7")
		}
		fmt.Fprintf(&g.out, "%q:", name)
		if g.pick(20) == 0 {
			g.number()
		} else {
			g.say(strconv.Itoa(g.pick(200)))
		}
	}
	g.say("}")
}

func (g *generator) number() {
	switch g.pick(4) {
	case 0:
		g.say(g.one("0", "1", "-1", "-0", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809",
			"9999999999999999999", "10000000000000000000", "9223372036854775807", "9007199254740993", "9007199254740992", "184467440737095516150",
			"-0.0", "1.5", "-2.5", "1e3", "1E+3", "1e-3", "0e0", "0.1", "1e308", "1e309", "-1e309", "1e-999", "123456789012345678901234567890",
			strings.Repeat("9", 400), "0."+strings.Repeat("3", 60)))
	case 1:
		g.say(strconv.FormatUint(g.rest.Uint64()>>g.pick(64), 10))
	default:
		g.say(strconv.Itoa(g.pick(256)))
	}
}

func (g *generator) text() {
	g.blank()
	switch g.pick(6) {
	case 0:
		g.say(g.one(`""`, `"\u0000"`, `"\"\\\/\b\f\n\r\t"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\ud83d\ud83d\ude00"`, `"\ud83dx"`,
			`"\ud83d\n"`, `"\uD83D\uDE00\u00e9"`, "\"\xff\xfe\"", "\"a\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80b\"", "\"é\u2028\"", "\"\x7f\"",
			`"`+strings.Repeat("n", 40_000)+`"`))
	case 1:
		quoted, err := json.Marshal(string(rune(g.pick(256))) + string(rune(g.pick(256)<<g.pick(9))))
		if err != nil {
			panic(err) // every string can be written
		}
		g.say(string(quoted))
	default:
		g.say(strconv.Quote(g.one("10.0.0.1:80", "shop", "a", "b", "unix:/run/a.sock", "[::1]:443")))
	}
}

// anything writes a value of any kind.
func (g *generator) anything(depth int) {
	const deepest = 6
	switch n := g.pick(9); {
	case n < 2:
		g.say("null")
	case n == 2:
		g.say(g.one("true", "false"))
	case n == 3:
		g.number()
	case n == 4 || depth > deepest:
		g.text()
	case n == 5:
		levels := g.pick(80) // too deep, at times
		g.say(strings.Repeat("[", levels) + "1" + strings.Repeat("]", levels))
	case n == 6:
		g.list(func() { g.anything(depth + 1) })
	default:
		g.named(func() { g.anything(depth + 1) })
	}
}

// spoil breaks one document in eight, as a network or a bug would.
func (g *generator) spoil(document []byte) []byte {
	at := g.rest.IntN(len(document) + 1)
	switch g.pick(40) {
	case 0:
		return document[:at]
	case 1:
		return append(document[:at:at], document[min(at+1, len(document)):]...)
	case 2:
		wrong := g.one("\x00", `"`, ",", "}", "]", "{", ":", "\\", "-", "0", "e", "\n", "\xff", "x")
		return append(append(document[:at:at], wrong...), document[at:]...)
	case 3:
		return append(document, g.one("x", "{}", ",", "\x00", "null", "]", "\ufeff")...)
	case 4:
		return append([]byte(g.one("\ufeff", "\x00", ",", "  ")), document...)
	default:
		return document
	}
}
