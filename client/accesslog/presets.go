package accesslog

import (
	"slices"
	"strings"
)

// Own is the name of the format that the exporter recommends. Control characters
// are escaped in values, so that clients cannot add a tab, and the longest value
// comes last. The first column is its version.
const Own = "nginx_exporter"

// Preset is a format known by name.
type Preset struct {
	Name   string
	About  string
	Format string // as between the quotes in nginx.conf
}

// Presets lists the formats known by name. The caller owns the slice.
func Presets() []Preset {
	const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	return []Preset{
		{Name: Own, About: "printed by snippet access-log; has all values", Format: strings.Join([]string{
			"v1", "$server_name", "$request_method", "$status", "$request_time", "$request_length", "$bytes_sent", "$proxy_host",
			"$upstream_status", "$upstream_header_time", "$upstream_response_time", "$upstream_cache_status", "$uri",
		}, `\t`)},
		{Name: "combined", About: "predefined in nginx; has no times", Format: combined},
		{Name: "main", About: "nginx.conf of the nginx packages and images; has no times", Format: combined + ` "$http_x_forwarded_for"`},
		{
			Name: "combined_times", About: "combined, with times at the end",
			Format: combined + ` $request_length $request_time $upstream_response_time`,
		},
		{Name: "upstreaminfo", About: "default of ingress-nginx", Format: combined +
			` $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name]` +
			` $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id`},
		{
			Name: "apache_common", About: "common of Apache httpd",
			Format: `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent`,
		},
		{Name: "apache_combined", About: "combined of Apache httpd", Format: combined},
		{
			Name: "apache_vhost_combined", About: "vhost_combined of Apache httpd on Debian",
			Format: `$server_name:$server_port ` + combined,
		},
	}
}

// preset returns the preset of that name.
func preset(name string) (Preset, bool) {
	all := Presets()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}

func presetNames() []string {
	var names []string
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	return names
}
