// Package accesslog parses lines of nginx access logs.
//
// [Compile] turns a log_format into a [Format], whose Parse fills in a [Record].
// Package input reads the lines, and collector/source/accesslog counts them:
//
//	format, err := accesslog.Compile(accesslog.Options{Format: "combined"})
//	...
//	var record accesslog.Record
//	err = in.Read(ctx, func(lines input.Lines) {
//		for line := range lines {
//			if err := format.Parse(line, &record); err == nil {
//				count(&record)
//			}
//		}
//	})
//
// It knows nothing of metrics, files and sockets.
//
// See https://nginx.org/en/docs/http/ngx_http_log_module.html.
package accesslog
