package dashboard

import "fmt"

// variable is a choice at the top of a dashboard: the values of a label.
type variable struct {
	name   string
	label  string
	metric string // with matchers, may be empty
	values string // the label
	one    bool   // only one value can be selected
	all    string // what "All" means as a regular expression
}

// Labels that every target of Prometheus has match .+, others .*: without Kubernetes
// there is no namespace, and the default server of nginx has no name. A list of all
// values would not fit into a URL with 1,000 pods.
const (
	anyValue = ".+"
	anyOrNo  = ".*"
)

// targetVariables select targets by a metric with one series per target.
func targetVariables(metric string, instance bool) []variable {
	all := []variable{
		{name: "namespace", label: "Namespace", metric: metric, values: "namespace", all: anyOrNo},
		{name: "job", label: "Job", metric: metric + `{namespace=~"$namespace"}`, values: "job", all: anyValue},
	}
	if instance {
		all = append(all, variable{
			name: "instance", label: "Instance", metric: fmt.Sprintf("%s{%s}", metric, bySelector), values: "instance", all: anyValue,
		})
	}
	return all
}
