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

// defaultModule is the module of a probe that names none.
const defaultModule = "default"

// Probes holds the rules of /probe.
type Probes struct {
	builder builder
	modules map[string]Module
	rules   []rule
}

// rule is a validated [Allow].
type rule struct {
	host   string // exact, in lower case
	domain string // with its leading dot: everything below
	prefix netip.Prefix
	ports  []uint16
}

// Reasons to refuse a probe.
var (
	ErrProbeOff      = errors.New("probing is disabled: set `probe.allow` in --config.file")
	errUnknownModule = errors.New("unknown module: not defined under `modules` in --config.file")
	ErrForbidden     = errors.New("target not allowed by `probe.allow` in --config.file")
)

func (b *builder) probes(file *File) (*Probes, error) {
	p := &Probes{builder: *b, modules: map[string]Module{defaultModule: {}}}
	for name, module := range file.Modules {
		// Everything but the target can be checked with any target.
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
		return r, errors.New("ports: 0 is not a valid port")
	}
	switch {
	case (allow.Host == "") == (allow.CIDR == ""):
		return r, errors.New("exactly one of host and cidr is required")
	case allow.CIDR != "":
		prefix, err := netip.ParsePrefix(allow.CIDR)
		if err != nil {
			return r, fmt.Errorf("cidr: %q is not a valid CIDR range such as 10.0.0.0/8 or fd00::/8", allow.CIDR)
		}
		if prefix.Addr().Is4In6() {
			return r, fmt.Errorf("cidr: %q is an IPv4-mapped range; use IPv4", allow.CIDR)
		}
		r.prefix = prefix.Masked()
		return r, nil
	}
	name := strings.ToLower(strings.TrimSuffix(allow.Host, "."))
	bare := strings.TrimPrefix(name, "*.")
	if _, err := netip.ParseAddr(name); err != nil && (strings.Trim(bare, ".") != bare || bare == "" || strings.ContainsAny(bare, "*/ :[]@")) {
		return r, fmt.Errorf("host: %q is not a host name, IP address or *.DOMAIN; ports belong under `ports`", allow.Host)
	}
	if bare != name {
		r.domain = name[1:]
	} else {
		r.host = name
	}
	return r, nil
}

// allows reports whether the rule matches the target. Names are not resolved, so
// that a DNS record cannot point a probe into an allowed address range.
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
	return err != nil && strings.HasSuffix(host, r.domain) && host != r.domain // not an IP address
}

// Target returns how to scrape the target of a probe. Its errors are those above,
// or describe what is invalid in the target.
func (p *Probes) Target(uri, module string) (collector.TargetOptions, error) {
	if len(p.rules) == 0 {
		return collector.TargetOptions{}, ErrProbeOff
	}
	if module == "" {
		module = defaultModule
	}
	m, known := p.modules[module]
	if !known {
		return collector.TargetOptions{}, errUnknownModule
	}
	target, err := client.ParseTarget(uri)
	if err != nil {
		return collector.TargetOptions{}, err
	}
	if target.HasLogin() {
		return collector.TargetOptions{}, errors.New("the target of a probe must not contain credentials; define them in a module")
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
