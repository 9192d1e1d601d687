package client

// Mode names the status interface that a target is expected to have. Each
// interface has a constant in its package, such as stubstatus.Mode; package
// collector lists those that exist.
type Mode string

// ModeAuto detects the interface from the first response. It is the default.
const ModeAuto Mode = ""

// String returns the name of the mode in the configuration.
func (m Mode) String() string {
	if m == ModeAuto {
		return "auto"
	}
	return string(m)
}
