package doctor

// statusCauses are those that "nginx-exporter doctor" finds.
func statusCauses() []Cause { return nil }
