package doctor

// Code identifies a cause. Codes are stable, since scripts may use them.
type Code string

// Cause describes one cause for docs/troubleshooting.md.
type Cause struct {
	Code Code
	// Command is the command that finds it: [Local] or [HPA].
	Command string
	// Symptom is what a user notices, Meaning the explanation, Fix what to do,
	// each in Markdown.
	Symptom, Meaning, Fix string
}

// Commands that find causes.
const (
	Local = "doctor"
	HPA   = "doctor hpa"
)
