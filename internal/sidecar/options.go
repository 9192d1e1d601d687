package sidecar

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Values of Options.Native.
const (
	NativeAuto   = "auto"   // a native sidecar, an init container with restartPolicy Always; requires Kubernetes 1.29
	NativeAlways = "always" // the same as auto
	NativeNever  = "never"  // an ordinary container
)

// StatusPort is the loopback port of the status server that inject, the chart and the other ways into Kubernetes add to
// nginx. Applications in the pod rarely use it, unlike 8080, which is the port of the exporter's own default.
const StatusPort = 18080

// Options are the configurable parts of the sidecar.
type Options struct {
	Image      string
	PullPolicy string // Always, IfNotPresent, Never, or empty for the default of Kubernetes
	ScrapeURI  string // of nginx's status page, as seen from within the pod
	Port       int    // of the exporter, 1 to 65535
	Args       []string
	Resources  Resources
	Native     string // auto, always or never
	AccessLog  bool   // count the responses in nginx's access log, which is SpoolFile
	OpenShift  bool   // leave user and group to OpenShift, whose restricted-v2 refuses others than those of the namespace
}

// Defaults returns the options of a plain sidecar with the image of a version; an empty version selects the tag latest.
func Defaults(version string) Options {
	if version == "" {
		version = "latest"
	}
	return Options{
		Image:      Name + ":" + version,
		PullPolicy: "IfNotPresent",
		ScrapeURI:  "http://127.0.0.1:" + strconv.Itoa(StatusPort) + "/stub_status",
		Port:       9113,
		Native:     NativeAuto,
		Resources:  Resources{Requests: Quantities{CPU: "10m", Memory: "16Mi"}, Limits: Quantities{Memory: "64Mi"}},
	}
}

// IsNative reports whether the sidecar is an item of initContainers instead of containers.
func (o *Options) IsNative() bool { return o.Native != NativeNever }

// Validate returns an error that describes the first invalid option.
func (o *Options) Validate() error {
	if o.Image == "" || strings.ContainsFunc(o.Image, unicode.IsSpace) {
		return fmt.Errorf("image %q is not a valid image", o.Image)
	}
	if o.Port < 1 || o.Port > 65535 {
		return fmt.Errorf("port %d is not between 1 and 65535", o.Port)
	}
	if !slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, o.PullPolicy) {
		return fmt.Errorf("image pull policy %q is not one of Always, IfNotPresent and Never", o.PullPolicy)
	}
	if !slices.Contains([]string{NativeAuto, NativeAlways, NativeNever}, o.Native) {
		return fmt.Errorf("native %q is not one of auto, always and never", o.Native)
	}
	if err := o.validateScrapeURI(); err != nil {
		return err
	}
	return o.Resources.validate()
}

func (o *Options) validateScrapeURI() error {
	if !slices.ContainsFunc([]string{"http://", "https://", "unix:"}, func(scheme string) bool { return strings.HasPrefix(o.ScrapeURI, scheme) }) {
		return fmt.Errorf("the scheme of scrape URI %q is not one of http, https and unix", o.ScrapeURI)
	}
	u, err := url.Parse(o.ScrapeURI)
	if err != nil || u.Port() != strconv.Itoa(o.Port) {
		return nil
	}
	if host, err := netip.ParseAddr(u.Hostname()); err == nil && host.IsLoopback() || u.Hostname() == "localhost" {
		return fmt.Errorf("port %d is used by the status page %s", o.Port, u.Redacted())
	}
	return nil
}

// validate checks the syntax of quantities,
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
func (r Resources) validate() error {
	quantity := regexp.MustCompile(`^([0-9]+([.][0-9]*)?|[.][0-9]+)(n|u|m|k|Ki|[MGTPE]i?|[eE][+-]?[0-9]+)?$`)
	for _, s := range []string{r.Requests.CPU, r.Requests.Memory, r.Limits.CPU, r.Limits.Memory} {
		if s != "" && !quantity.MatchString(s) {
			return fmt.Errorf("%q is not a valid quantity such as 10m or 64Mi", s[:min(len(s), 64)])
		}
	}
	return nil
}
