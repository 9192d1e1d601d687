package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"nginx-exporter/collector"
	"nginx-exporter/collector/metric"
)

// parseLabels parses NAME=VALUE pairs. If a name is repeated, the last pair applies.
func parseLabels(pairs []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, pair := range pairs {
		name, value, found := cutPair(pair)
		if !found {
			return nil, fmt.Errorf("--prometheus.const-label: %q is not NAME=VALUE", pair)
		}
		labels[name] = value
	}
	if err := checkLabels(labels); err != nil {
		return nil, fmt.Errorf("--prometheus.const-label: %w", err)
	}
	return labels, nil
}

// cutPair splits at the first = or :, as nginx-prometheus-exporter does.
func cutPair(pair string) (name, value string, found bool) {
	i := strings.IndexAny(pair, "=:")
	if i < 0 {
		return "", "", false
	}
	return pair[:i], pair[i+1:], true
}

// checkLabels checks that names are valid in all versions of Prometheus, also
// those without UTF-8 names.
func checkLabels(labels map[string]string) error {
	for _, name := range sortedNames(labels) {
		switch {
		case !model.LegacyValidation.IsValidLabelName(name):
			return fmt.Errorf("%q is not a valid label name", name)
		case strings.HasPrefix(name, model.ReservedLabelPrefix):
			return fmt.Errorf("%q is reserved by Prometheus", name)
		case !utf8.ValidString(labels[name]):
			return fmt.Errorf("the value of %q is not valid UTF-8", name)
		}
	}
	return nil
}

// ownLabels returns for each label of the metrics one that has it: one of nginx
// rather than one that only another server has.
func ownLabels() map[string]string {
	own := map[string]string{}
	for _, desc := range collector.Families() {
		for _, name := range desc.Labels {
			common := strings.HasPrefix(desc.Name, "nginx_") && !strings.HasPrefix(own[name], "nginx_")
			if (own[name] == "" || common) && !strings.HasPrefix(desc.Name, "nginx_exporter_build_info") {
				own[name] = desc.Name
			}
		}
	}
	return own
}

// warnLabels warns about constant labels that conflict with others.
func (b *builder) warnLabels(labels map[string]string, where string) {
	own := ownLabels()
	for _, name := range sortedNames(labels) {
		if value := labels[name]; value != "" && strings.Trim(value, `"'`) != value {
			b.warn(fmt.Sprintf("%s: the value of %s has quotes, which become part of it", where, name))
		}
		if family, clash := own[name]; clash {
			b.warn(fmt.Sprintf("%s: %s has its own label %s, which overrides the constant label", where, family, name))
		}
		if slices.Contains([]string{"namespace", "pod", "container", "service", "endpoint", "job", "instance"}, name) {
			b.warn(fmt.Sprintf("%s: Prometheus sets the label %s itself; this one conflicts, or is renamed to exported_%s", where, name, name))
		}
	}
}

func sorted(labels map[string]string) []metric.Label {
	list := make([]metric.Label, 0, len(labels))
	for _, name := range sortedNames(labels) {
		list = append(list, metric.Label{Name: name, Value: labels[name]})
	}
	return list
}

func sortedNames(labels map[string]string) []string {
	names := make([]string, 0, len(labels))
	for name := range labels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkHost refuses invalid Host headers.
func checkHost(host string) error {
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) {
		return errors.New("must be a host name or address with an optional port")
	}
	return nil
}

// checkServerName refuses what cannot be the name of a TLS server.
func checkServerName(name string) error {
	_, err := netip.ParseAddr(name)
	if err != nil && strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/:[]*", r) }) {
		return errors.New("must be a host name or address without a port")
	}
	return nil
}
