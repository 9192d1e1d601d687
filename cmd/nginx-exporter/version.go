package main

import (
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/prometheus/common/version"
)

// setVersion fills in what scripts/build.sh passes to the linker for a program
// that was built with plain go build or go install. The revision is filled in
// by package version itself.
func setVersion() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	if version.Version == "" {
		version.Version = moduleVersion(info.Main.Version)
	}
	if version.BuildDate == "" {
		version.BuildDate = setting(info, "vcs.time")
	}
}

// moduleVersion returns a module version without its leading v, and devel for a
// build that has none: one outside of a repository.
func moduleVersion(module string) string {
	if number, found := strings.CutPrefix(module, "v"); found {
		return number
	}
	return "devel"
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// releaseVersion returns the version if it is a release, which has a container
// image, and is empty for builds of other commits.
func releaseVersion() string {
	if regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc)\.[0-9]+)?$`).MatchString(version.Version) {
		return version.Version
	}
	return ""
}
