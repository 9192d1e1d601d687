package angie

import (
	"nginx-exporter/client/document"
	"nginx-exporter/client/value"
)

// Server is the part angie.
//
// See https://en.angie.software/angie/docs/configuration/modules/http/http_api/#a-metrics-angie.
type Server struct {
	Version    string      // of Angie
	Build      string      // its name, empty if none was given
	BuildTime  value.Value // Unix seconds
	Generation value.Value // number of configuration loads
	LoadTime   value.Value // Unix seconds of the last configuration load
}

// Decode skips config_files, the text of the whole configuration.
func (s *Server) Decode(d *document.Reader) {
	for name := range d.Members() {
		switch string(name) {
		case "version":
			s.Version = d.Text()
		case "build":
			s.Build = d.Text()
		case "build_time":
			s.BuildTime = when(d)
		case "generation":
			s.Generation = d.Count()
		case "load_time":
			s.LoadTime = when(d)
		default:
			d.Skip()
		}
	}
}
