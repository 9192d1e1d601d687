package collector

import (
	"github.com/prometheus/common/version"

	"nginx-exporter/client/value"
)

// buildInfo tells which program this is.
type buildInfo struct {
	branch, goarch, goos, goversion, revision, tags, version string
}

// thisBuild returns what the linker and the Go tool left in the program.
func thisBuild() buildInfo {
	return buildInfo{
		branch: version.Branch, goarch: version.GoArch, goos: version.GoOS, goversion: version.GoVersion,
		revision: version.GetRevision(), tags: version.GetTags(), version: version.Version,
	}
}

func buildTable() *table[*buildInfo] {
	return &table[*buildInfo]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*buildInfo]{
			info[*buildInfo]("build_info", "Version of this exporter and how it was built."),
		},
		labels: []string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"},
		values: func(values []string, b *buildInfo) []string {
			return append(values, b.branch, b.goarch, b.goos, b.goversion, b.revision, b.tags, b.version)
		},
	}
}

// Reload tells how the configuration was last loaded. The start of the program
// is the first time.
type Reload struct {
	Success bool    // the last attempt succeeded
	Time    float64 // when an attempt last succeeded, in seconds since 1970
}

func reloadTable() *table[*Reload] {
	return &table[*Reload]{
		source: exporterSource,
		prefix: "nginx_exporter_",
		rows: []row[*Reload]{
			gauge("config_last_reload_success_timestamp_seconds", "When the configuration was last loaded with success.",
				func(r *Reload) value.Value { return value.Of(r.Time) }),
			gauge("config_last_reload_successful", "Whether the last load of the configuration succeeded (1) or not (0).",
				func(r *Reload) value.Value { return boolean(r.Success) }),
		},
	}
}
