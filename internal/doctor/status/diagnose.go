package status

import (
	"fmt"
	"slices"
	"strings"

	"nginx-exporter/internal/doctor"
)

// diagnose returns the reason why the target cannot be read.
func (o *observation) diagnose() doctor.Finding {
	for _, c := range table() {
		if found := c.judge(o); found != nil {
			found.Code = c.code
			return *found
		}
		if o.ctx.Err() != nil { // a trial that was cut short shows nothing
			s := o.describeUnknown()
			limit := doctor.Evidence{Name: "time limit", Value: maxTime.String() + ", reached before all causes were checked"}
			return doctor.Finding{Code: s.code, Message: s.problem + ".", Evidence: append(s.evidence, limit), Fix: s.fix}
		}
	}
	return o.onlySymptom()
}

// warnings returns what is unusual about a target that can be read.
func (o *observation) warnings() []doctor.Finding {
	if o.stub == nil {
		return nil
	}
	var found []doctor.Finding
	if columns := extraColumns(o.body()); len(columns) > 0 {
		found = append(found, doctor.Finding{
			Code: "status-columns", Message: "The page has unknown columns, which are ignored: " + truncate(strings.Join(columns, ", ")) + ".",
			Fix: []string{"no action needed: values are read by column name"},
		})
	}
	if o.rejects() {
		found = append(found, doctor.Finding{
			Code: "status-limited", Message: fmt.Sprintf("nginx rejected the second of two requests to the status page (HTTP status %d).", o.code()),
			Fix: []string{"move limit_req and limit_conn into the locations that need them, if Prometheus reports gaps"},
		})
	}
	if o.stub.Invalid() > 0 {
		found = append(found, doctor.Finding{
			Code: "status-wrapped", Message: "nginx printed a negative value as a huge number; that value is omitted.",
			Fix: []string{"no action needed: one of the next scrapes has the value again"},
		})
	}
	return found
}

// extraColumns lists the column names that nginx itself does not have.
func extraColumns(page string) []string {
	for line := range strings.Lines(page) {
		if names := strings.Fields(line); len(names) > 1 && names[0] == "server" {
			return slices.DeleteFunc(names[1:], func(name string) bool {
				return slices.Contains([]string{"accepts", "handled", "requests", "request_time"}, name)
			})
		}
	}
	return nil
}
