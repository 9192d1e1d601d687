package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// logs is the log of the program, for go-kit/log and for log/slog.
type logs struct {
	kit  log.Logger // with time and caller
	slog *slog.Logger
}

// newLogger returns a log that writes lines of that level and above.
func newLogger(w io.Writer, levelName, format string) (*logs, error) {
	least, err := level.Parse(strings.ToLower(levelName))
	if err != nil {
		return nil, fmt.Errorf("--log.level: %q is not one of debug, info, warn, error", levelName)
	}
	var base log.Logger
	switch format {
	case "logfmt":
		base = log.NewLogfmtLogger(log.NewSyncWriter(w))
	case "json":
		base = log.NewJSONLogger(log.NewSyncWriter(w))
	default:
		return nil, fmt.Errorf("--log.format: %q is not one of logfmt, json", format)
	}
	base = level.NewFilter(ordered{base}, level.Allow(least))
	return &logs{
		kit: log.With(base, "time", log.TimestampFormat(time.Now, timeFormat), "caller", log.DefaultCaller),
		// The level filter of base applies, not that of the handler.
		slog: slog.New(sloggokit.NewGoKitHandler(base, slog.LevelDebug)),
	}, nil
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// warnDeprecations logs the deprecation warnings about flags and variables.
func (l *logs) warnDeprecations(deprecations []string) {
	for _, deprecation := range deprecations {
		_ = level.Warn(l.kit).Log("msg", deprecation)
	}
}

// ordered moves the keys that every line has to its beginning.
type ordered struct{ next log.Logger }

// Log implements [log.Logger].
func (o ordered) Log(keyvals ...any) error {
	line := make([]any, 0, len(keyvals))
	for _, key := range []any{"time", level.Key(), "caller", "msg"} {
		for i := 0; i+1 < len(keyvals); i += 2 {
			if keyvals[i] == key {
				line = append(line, key, plain(keyvals[i+1]))
			}
		}
	}
	for i := 0; i+1 < len(keyvals); i += 2 {
		if !slices.Contains([]any{"time", level.Key(), "caller", "msg"}, keyvals[i]) {
			line = append(line, keyvals[i], keyvals[i+1])
		}
	}
	return o.next.Log(line...)
}

func plain(value any) any {
	if t, isTime := value.(time.Time); isTime {
		return t.Format(timeFormat)
	}
	return value
}
