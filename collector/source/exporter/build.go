package exporter

import (
	"github.com/prometheus/common/version"

	"nginx-exporter/collector/metric"
)

// buildInfo is the version and build of this program.
type buildInfo struct {
	branch, goarch, goos, goversion, revision, tags, version string
}

// thisBuild returns what the linker and the Go toolchain recorded in the program.
func thisBuild() buildInfo {
	return buildInfo{
		branch: version.Branch, goarch: version.GoArch, goos: version.GoOS, goversion: version.GoVersion,
		revision: version.GetRevision(), tags: version.GetTags(), version: version.Version,
	}
}

func buildTable() *metric.Table[*buildInfo] {
	return metric.NewTable(Name, "nginx_exporter_", []metric.Row[*buildInfo]{
		metric.Info[*buildInfo]("build_info", "Version of the exporter and how it was built."),
	},
		metric.LabelFrom("branch", func(b *buildInfo) string { return b.branch }),
		metric.LabelFrom("goarch", func(b *buildInfo) string { return b.goarch }),
		metric.LabelFrom("goos", func(b *buildInfo) string { return b.goos }),
		metric.LabelFrom("goversion", func(b *buildInfo) string { return b.goversion }),
		metric.LabelFrom("revision", func(b *buildInfo) string { return b.revision }),
		metric.LabelFrom("tags", func(b *buildInfo) string { return b.tags }),
		metric.LabelFrom("version", func(b *buildInfo) string { return b.version }))
}
