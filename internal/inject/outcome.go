package inject

// What became of an object.
const (
	Injected  = "injected"  // the sidecar was added
	Removed   = "removed"   // it was taken away
	Unchanged = "unchanged" // it was there already, or there was none to take away
	Skipped   = "skipped"   // the object is not one for the sidecar
	Refused   = "refused"   // it is one, but something is in the way
)

// Why, for programs.
const (
	reasonNoPods      = "no-pod-template"
	reasonShared      = "shared-by-alias"
	reasonOptedOut    = "opted-out"
	reasonAnnotation  = "bad-annotation"
	reasonAlready     = "already-injected"
	reasonDiffers     = "differs"
	reasonNameTaken   = "name-taken"
	reasonWindows     = "windows"
	reasonNoNginx     = "no-nginx"
	reasonExporter    = "other-exporter"
	reasonHostNetwork = "host-network"
	reasonPort        = "port-taken"
	reasonLayout      = "not-editable"
	reasonStatus      = "no-status-server"
	reasonNone        = "not-injected"
	reasonUnmarked    = "unmarked"
)

// Outcome is what became of one object, and why.
type Outcome struct {
	File      string   `json:"file"`
	Line      int      `json:"line"` // counted in the file
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name"`
	Status    string   `json:"status"`
	Reason    string   `json:"reason,omitempty"`
	Detail    string   `json:"detail,omitempty"`
	Notes     []string `json:"notes,omitempty"`

	title string
}

// Title names the object for people: Deployment shop/web.
func (out *Outcome) Title() string { return out.title }

func (out *Outcome) skip(reason, detail string) Outcome {
	out.Status, out.Reason, out.Detail = Skipped, reason, detail
	return *out
}

func (out *Outcome) refuse(reason string, err error) *Outcome {
	out.Status, out.Reason, out.Detail = Refused, reason, err.Error()
	out.Notes = nil
	return out
}
