package inject

// What happened to an object.
const (
	Injected  = "injected"  // the sidecar was added
	Removed   = "removed"   // the sidecar was removed
	Unchanged = "unchanged" // it has the sidecar already
	Skipped   = "skipped"   // it needs no change
	Refused   = "refused"   // it needs a change that is not possible
)

// Reasons, for programs.
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
	reasonOwnMetrics  = "own-metrics"
	reasonHostNetwork = "host-network"
	reasonPort        = "port-taken"
	reasonLayout      = "not-editable"
	reasonStatus      = "no-status-server"
	reasonLog         = "no-access-log"
	reasonNone        = "not-injected"
	reasonUnmarked    = "unmarked"
)

// Outcome is what happened to one object, and why.
type Outcome struct {
	File      string   `json:"file"`
	Line      int      `json:"line"` // in the file, counted from 1
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name"`
	Status    string   `json:"status"`
	Reason    string   `json:"reason,omitempty"`
	Detail    string   `json:"detail,omitempty"`
	Notes     []string `json:"notes,omitempty"`

	title string // for people, such as Deployment shop/web
}

func newOutcome(o *object) Outcome {
	return Outcome{Kind: o.kind, Namespace: o.namespace, Name: o.name, Line: o.line, title: o.title()}
}

func (out *Outcome) skip(reason, detail string) {
	out.Status, out.Reason, out.Detail = Skipped, reason, detail
}

func (out *Outcome) refuse(reason string, err error) {
	out.Status, out.Reason, out.Detail, out.Notes = Refused, reason, err.Error(), nil
}
