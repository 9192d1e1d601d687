package client

import (
	"encoding/json"
	"slices"
)

// Mode names the interface of nginx that a target is expected to offer, such
// as [ModeStubStatus]. Package collector knows which names there are.
type Mode string

const (
	// ModeAuto finds out from the first response. It is the default.
	ModeAuto Mode = ""
	// ModeStubStatus reads ngx_http_stub_status_module.
	ModeStubStatus Mode = "stub_status"
	// ModePlus reads the NGINX Plus REST API.
	ModePlus Mode = "plus"
)

// String returns the name of the mode in the configuration.
func (m Mode) String() string {
	if m == ModeAuto {
		return "auto"
	}
	return string(m)
}

// maxVersions bounds the list of API versions. NGINX Plus has nine after nine
// years.
const maxVersions = 64

// APIVersions parses the list of API versions that the root of the NGINX Plus
// API responds with, such as [1,2,3]. It returns false for anything else.
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
