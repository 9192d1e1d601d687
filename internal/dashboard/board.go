// Package dashboard generates the Grafana dashboards that the chart and the mixin
// ship: classic JSON with schema version 39, which Grafana 10.4 and later load.
//
// It is not part of the program. A dashboard is one file with a function that returns a
// [Board], and one line in [Boards]; the tests write and check the JSON.
package dashboard

// Board is a dashboard.
type Board struct {
	Name        string // file name without .json, and uid after "nginx-"
	Title       string
	Description string

	selector    string // replaces SELECT in queries: label matchers with the variables
	variables   []variable
	annotations []annotation
	rows        []row
}

// Boards returns all dashboards, in the order of their links. The caller owns the slice.
func Boards() []Board {
	return []Board{fleet(), single(), plus(), angie(), vts(), red(), scaling(), exporter()}
}

// needStatus is the text of panels whose metrics not every status interface has.
const needStatus = "not reported by the status interface of nginx"

// row is a group of panels. The first row of a dashboard has no title.
type row struct {
	title     string
	collapsed bool
	panels    []*panel
}

// annotation is a query whose non-empty results are events in all panels.
type annotation struct {
	name    string
	expr    string
	title   string // may contain labels, such as {{alertname}}
	text    string
	color   string
	enabled bool
}

// alerts are the firing alerts about nginx. Their labels are reduced to those of the
// legend, since a fleet may have one per pod.
func alerts() annotation {
	return annotation{
		name: "Alerts", title: "{{alertname}}", text: "{{severity}}", color: "red", enabled: true,
		expr: `max by (alertname, severity) (ALERTS{alertname=~"(Angie|Nginx).*",alertstate="firing",namespace=~"$namespace"})`,
	}
}

// restarts are resets of the request counter, which a reload of nginx keeps.
func restarts(selector string, enabled bool) annotation {
	return annotation{
		name: "Restarts of nginx", title: "nginx restarted", text: "{{pod}} {{instance}}", color: "purple", enabled: enabled,
		expr: withSelector(`max by (pod, instance) (resets(nginx_http_requests_total{SELECT}[$__rate_interval])) > 0`, selector),
	}
}

// reloads are reloads of the configuration, which only NGINX Plus reports.
func reloads() annotation {
	return annotation{
		name: "Reloads of nginx", title: "nginx reloaded its configuration", text: "{{pod}} {{instance}}", color: "blue",
		expr: `max by (pod, instance) (increase(nginxplus_config_reloads_total{SELECT}[$__rate_interval])) > 0`,
	}
}
