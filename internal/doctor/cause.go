package doctor

// Code identifies a cause. Codes are stable, since scripts may use them.
type Code string

// Cause describes one cause for docs/troubleshooting.md.
type Cause struct {
	Code Code
	// Command is the command that finds it: [Local] or [HPA].
	Command string
	// Meaning explains it, with the message of others that it causes if readers would
	// search for that; Fix is what to do. Both are Markdown.
	Meaning, Fix string
}

// Commands that find causes.
const (
	Local = "doctor"
	HPA   = "doctor hpa"
)
