package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/collector"
)

// DefaultModule is the module of a probe that names none.
const DefaultModule = "default"

// Probes says what /probe may do.
type Probes struct {
	builder builder
	modules map[string]Module
	rules   []rule
}

// rule is a checked [Allow].
type rule struct {
	host   string // exact, in lower case
	domain string // with its leading dot: everything below
	prefix netip.Prefix
	ports  []uint16
}

// The reasons why a probe is not made.
var (
	ErrProbeOff      = errors.New("probing is off: allow targets under probe.allow in the configuration file")
	ErrUnknownModule = errors.New("no module of that name stands in the configuration file")
	ErrForbidden     = errors.New("probe.allow in the configuration file does not allow this target")
)

func (b *builder) probes(file *File) (*Probes, error) {
	p := &Probes{builder: *b, modules: map[string]Module{DefaultModule: {}}}
	for name, module := range file.Modules {
		// A target of its own checks all that can be checked without one.
		if _, err := b.module(&module, "https://localhost/"); err != nil {
			return nil, fmt.Errorf("--config.file: modules: %s: %w", name, err)
		}
		p.modules[name] = module
	}
	for i, allow := range file.Probe.Allow {
		rule, err := newRule(allow)
		if err != nil {
			return nil, fmt.Errorf("--config.file: probe: allow[%d]: %w", i, err)
		}
		p.rules = append(p.rules, rule)
	}
	return p, nil
}

func newRule(allow Allow) (rule, error) {
	r := rule{ports: allow.Ports}
	if slices.Contains(allow.Ports, 0) {
		return r, errors.New("ports: 0 is no port")
	}
	switch {
	case (allow.Host == "") == (allow.CIDR == ""):
		return r, errors.New("it needs either host or cidr")
	case allow.CIDR != "":
		prefix, err := netip.ParsePrefix(allow.CIDR)
		if err != nil {
			return r, fmt.Errorf("cidr: %q is no range such as 10.0.0.0/8 or fd00::/8", allow.CIDR)
		}
		if prefix.Addr().Is4In6() {
			return r, fmt.Errorf("cidr: write %q as a range of IPv4", allow.CIDR)
		}
		r.prefix = prefix.Masked()
		return r, nil
	}
	name := strings.ToLower(strings.TrimSuffix(allow.Host, "."))
	bare := strings.TrimPrefix(name, "*.")
	if _, err := netip.ParseAddr(name); err != nil && (strings.Trim(bare, ".") != bare || bare == "" || strings.ContainsAny(bare, "*/ :[]@")) {
		return r, fmt.Errorf("host: %q is neither a name or address nor *. before a domain; ports go under ports", allow.Host)
	}
	if bare != name {
		r.domain = name[1:]
	} else {
		r.host = name
	}
	return r, nil
}

// allows reports whether the rule names the target. An address that a name
// resolves to is never looked at, so nobody can steer a probe by DNS into a
// range that is allowed by number.
func (r *rule) allows(host string, port uint16) bool {
	if len(r.ports) > 0 && !slices.Contains(r.ports, port) {
		return false
	}
	address, err := netip.ParseAddr(host)
	if r.prefix.IsValid() {
		return err == nil && r.prefix.Contains(address.Unmap().WithZone(""))
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if r.domain == "" {
		return host == r.host
	}
	return err != nil && strings.HasSuffix(host, r.domain) && host != r.domain // an address is below no domain
}

// Target returns how to scrape the target of a probe. Its errors are one of
// those above, or tell what is wrong with the target.
func (p *Probes) Target(uri, module string) (collector.TargetOptions, error) {
	if len(p.rules) == 0 {
		return collector.TargetOptions{}, ErrProbeOff
	}
	if module == "" {
		module = DefaultModule
	}
	m, known := p.modules[module]
	if !known {
		return collector.TargetOptions{}, ErrUnknownModule
	}
	target, err := client.ParseTarget(uri)
	if err != nil {
		return collector.TargetOptions{}, err
	}
	if target.HasLogin() {
		return collector.TargetOptions{}, errors.New("credentials do not belong into the target of a probe but into a module")
	}
	port, err := strconv.ParseUint(target.Port(), 10, 16)
	if err != nil || target.Socket() != "" ||
		!slices.ContainsFunc(p.rules, func(r rule) bool { return r.allows(target.Host(), uint16(port)) }) {
		return collector.TargetOptions{}, ErrForbidden
	}
	options, err := p.builder.module(&m, uri)
	options.Labels = sorted(p.builder.labels)
	return options, err
}
