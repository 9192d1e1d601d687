package doctor

// Code names a cause. Codes are stable: scripts may look for them.
type Code string

// Cause is one way in which something can be broken.
type Cause struct {
	Code Code
	// Command is what finds it: "doctor" or "doctor hpa".
	Command string
	// Symptom is what a user sees, Meaning what it is, Fix what to do. Each is
	// a sentence or some, as docs/troubleshooting.md has them.
	Symptom, Meaning, Fix string
}

// Commands that find causes.
const (
	Local = "doctor"
	HPA   = "doctor hpa"
)

// Causes lists all causes, in the order in which they are looked for.
func Causes() []Cause {
	return statusCauses()
}
