package client

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
