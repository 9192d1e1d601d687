package collector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/collector/metric"
	"nginx-exporter/collector/source"
	"nginx-exporter/collector/source/angie"
	"nginx-exporter/collector/source/exporter"
	"nginx-exporter/collector/source/plus"
	"nginx-exporter/collector/source/stubstatus"
	"nginx-exporter/collector/source/vts"
)

// protocols lists the supported status interfaces. A new one is a directory below
// source and a line here. In mode auto a target is read by the first one until
// another one recognizes it.
func protocols(o *Options) []source.Protocol {
	return []source.Protocol{
		stubstatus.New(),
		plus.New(plus.Options{PadCodes: o.PadCodes, ServerID: o.ServerID, MaxDocument: o.MaxDocument}),
		vts.New(vts.Options{MaxDocument: o.MaxDocument, Compat: o.VTSCompat, Namespace: o.VTSNamespace}),
		angie.New(angie.Options{MaxDocument: o.MaxDocument}),
	}
}

// Modes lists the values of --nginx.mode, the default first.
func Modes() []string {
	modes := []string{client.ModeAuto.String()}
	for _, p := range protocols(&Options{}) {
		modes = append(modes, p.Name())
	}
	return modes
}

// ParseMode returns the mode of that name. An empty name means auto.
func ParseMode(name string) (client.Mode, error) {
	switch {
	case name == "" || name == client.ModeAuto.String():
		return client.ModeAuto, nil
	case slices.Contains(Modes(), name):
		return client.Mode(name), nil
	default:
		return client.ModeAuto, fmt.Errorf("%q is not a valid mode: use one of %s", name, strings.Join(Modes(), ", "))
	}
}

// Sources describes the sources of all protocols, in the order in which they
// are read.
func Sources() []source.Info { return sourcesOf(protocols(&Options{})) }

func sourcesOf(protocols []source.Protocol) []source.Info {
	var infos []source.Info
	for _, p := range protocols {
		infos = append(infos, p.Sources()...)
	}
	return infos
}

// Families describes all metrics of the default configuration with these
// additional sources, sorted by name, without those of [MetricsFull].
func Families(additional ...source.Source) []metric.Family {
	all := protocols(&Options{})
	families := slices.Concat(exporter.New(false).Families(), exporter.NewTargets().Families(), newRates(nil, all).families())
	for _, p := range all {
		families = append(families, p.Families()...)
	}
	for _, s := range additional {
		families = append(families, s.Families()...)
	}
	slices.SortStableFunc(families, func(a, b metric.Family) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(families, func(a, b metric.Family) bool { return a.Name == b.Name })
}
