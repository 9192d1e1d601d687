package client

import (
	"encoding/json"
	"errors"
	"slices"
)

// errPlus is the error of StubStatus for a target that is the NGINX Plus API.
var errPlus = errors.New("this is the NGINX Plus API, not a stub_status page")

// IsPlus reports whether an error of [Client.StubStatus] means that the target
// is the NGINX Plus API, or may be: the API responds with a redirect if the
// target lacks the trailing slash.
func IsPlus(err error) bool {
	var e *Error
	return errors.Is(err, errPlus) || errors.As(err, &e) && e.Status/100 == 3
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
