package client

// Mode names the status interface that a target is expected to have, such as
// [ModeStubStatus]. Package collector defines the valid names.
type Mode string

const (
	// ModeAuto detects the interface from the first response. It is the default.
	ModeAuto Mode = ""
	// ModeStubStatus is ngx_http_stub_status_module.
	ModeStubStatus Mode = "stub_status"
	// ModePlus is the NGINX Plus REST API.
	ModePlus Mode = "plus"
)

// String returns the name of the mode in the configuration.
func (m Mode) String() string {
	if m == ModeAuto {
		return "auto"
	}
	return string(m)
}
