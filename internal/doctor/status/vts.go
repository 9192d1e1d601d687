package status

import (
	"context"
	"strings"

	"nginx-exporter/client"
	"nginx-exporter/client/vts"
	"nginx-exporter/internal/doctor"
)

func readVTS(ctx context.Context, c *client.Client, r *response) error {
	status, err := vts.Read(ctx, c, 0)
	if err != nil {
		return err
	}
	r.document = "nginx-module-vts"
	if status.ModuleVersion != "" { // since 0.2.0
		r.document += " " + status.ModuleVersion
	}
	r.document += " of nginx " + status.NginxVersion
	return nil
}

func (o *observation) vtsFound() *doctor.Finding { return o.otherDialect(vts.Mode) }

// vtsPage is the finding for a page of the module that is not its JSON, which is
// mostly at the same location.
func (o *observation) vtsPage() *doctor.Finding {
	var format string
	switch body := o.body(); {
	case containsAll(o.topLevelKeys(), "hostName", "nginxVersion", "connections"):
		if o.otherDialect(vts.Mode) != nil {
			return nil // it is another cause
		}
		return o.otherPage("The target is the JSON of nginx-module-vts, but it is not complete or not valid.",
			"check the error log of nginx, and whether a proxy between cuts or changes the response")
	case strings.Contains(body, "# HELP nginx_vts_"):
		format = "Prometheus format"
	case vts.IsPage([]byte(body)):
		format = "HTML page"
	default:
		return nil
	}
	message := "The target is the " + format + " of nginx-module-vts; the exporter reads its JSON."
	location, _, _ := strings.Cut(o.target().Path(), "/format/")
	path := strings.TrimSuffix(location, "/") + vts.FormatJSON
	if found := o.tryPath(path); found != nil {
		return o.found(message, found)
	}
	return o.otherPage(message, "set the target to "+o.target().At(path).String()+", and allow the exporter there",
		"or "+o.stubStatusFix())
}

// vtsModuleMissing is the finding for an nginx that does not know the directives of
// the module.
func (o *observation) vtsModuleMissing() *doctor.Finding {
	nginx := o.absentNginx()
	if nginx == nil || !strings.HasPrefix(nginx.configError, `unknown directive "vhost_traffic_status`) {
		return nil
	}
	return o.fromConfig("; nginx does not have nginx-module-vts, which its configuration uses, so that it neither starts nor reloads.",
		[]doctor.Evidence{{Name: "nginx -T", Value: nginx.configError}},
		"load the module at the beginning of nginx.conf: load_module modules/ngx_http_vhost_traffic_status_module.so;",
		"or build nginx with --add-module=nginx-module-vts; then run: "+reloadNginx)
}
