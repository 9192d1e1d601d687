package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Mode says which interface of nginx a target offers.
type Mode uint8

const (
	// ModeAuto finds out from the first answer: a list of API versions is
	// NGINX Plus, anything else has to be a stub_status page.
	ModeAuto Mode = iota
	// ModeStubStatus reads ngx_http_stub_status_module.
	ModeStubStatus
	// ModePlus reads the NGINX Plus REST API.
	ModePlus
)

// Modes lists the names that [ParseMode] takes, the default first.
func Modes() []string { return []string{"auto", "stub_status", "plus"} }

// String returns the name of the mode as it is written in the configuration.
func (m Mode) String() string {
	if names := Modes(); int(m) < len(names) {
		return names[m]
	}
	return "unknown"
}

// ParseMode returns the mode of that name. An empty name means auto.
func ParseMode(name string) (Mode, error) {
	if name == "" {
		return ModeAuto, nil
	}
	i := slices.Index(Modes(), name)
	if i < 0 {
		return ModeAuto, fmt.Errorf("%q is no mode: use one of %s", name, strings.Join(Modes(), ", "))
	}
	return Mode(i), nil // an index into three names
}

// maxVersions bounds how many API versions an answer may list. NGINX Plus has
// nine of them after nine years.
const maxVersions = 64

// APIVersions returns the list of API versions when the body is one, as the
// root of the NGINX Plus API sends it: [1,2,3].
//
// See https://nginx.org/en/docs/http/ngx_http_api_module.html#getAPIVersions.
func APIVersions(body []byte) ([]int, bool) {
	var versions []int
	if len(body) == 0 || body[0] != '[' || json.Unmarshal(body, &versions) != nil {
		return nil, false
	}
	if len(versions) == 0 || len(versions) > maxVersions || slices.Min(versions) < 1 {
		return nil, false
	}
	return versions, true
}
