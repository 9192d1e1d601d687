package inject

import (
	"path"
	"slices"
	"strings"
)

// family is a kind of images. The status server goes where its configuration includes files in http {}.
type family struct {
	images []string // globs for the last parts of the repository, or of repository and tag
	main   string   // main configuration file of nginx
	dir    string   // directory whose *.conf files main includes in http {}
	port   string   // on which it listens instead of 80, empty for none
	note   string   // for the documentation

	// guessed means that other images of such names differ.
	guessed bool
	// other is what runs in the image instead of a plain nginx: it gets no sidecar.
	other string
	// metrics is where a program other than nginx exposes its own metrics, empty for none.
	metrics string
}

const (
	confDir  = "/etc/nginx/conf.d"
	mainConf = "/etc/nginx/nginx.conf"
)

// families lists the known images. The first that matches counts.
func families() []family { return slices.Concat(others(), servers()) }

// others lists images with names like those of nginx that get no sidecar.
func others() []family {
	return []family{
		{
			images: []string{"nginx-gateway-fabric", "nginx-gateway-fabric/*", "nginx-kubernetes-gateway"},
			other:  "NGINX Gateway Fabric", metrics: "port 9113 at /metrics",
		},
		{
			images: []string{"ingress-nginx/controller*", "*nginx-ingress-controller*"},
			other:  "ingress-nginx", metrics: "port 10254 at /metrics (controller.metrics.enabled=true in its chart)",
		},
		{
			images: []string{"nginx-ingress", "nginx-plus-ingress", "nginx-ic*/*"},
			other:  "NGINX Ingress Controller", metrics: "port 9113 at /metrics (prometheus.create=true in its chart)",
		},
		{
			images: []string{"*nginx*-operator", "nginx-operator"},
			other:  "an operator", metrics: "the port of its --metrics-bind-address",
		},
		{
			images: []string{"nginx-errors*", "nginx-error-server*", "nginx-ldap-auth*", "nginx-asg-sync*", "nginx-agent*"},
			other:  "a helper program of nginx",
		},
	}
}

// servers lists images of nginx and its forks.
func servers() []family {
	return []family{
		{
			images: []string{"bitnami*/nginx"}, main: "/opt/bitnami/nginx/conf/nginx.conf", dir: "/opt/bitnami/nginx/conf/server_blocks", port: "8080",
		},
		{
			images: []string{"bitnami*/openresty"}, main: "/opt/bitnami/openresty/nginx/conf/nginx.conf", dir: "/opt/bitnami/openresty/nginx/conf/server_blocks", port: "8080",
		},
		{
			images: []string{"ubi*/nginx-*", "rhel*/nginx-*", "rhscl/nginx-*", "sclorg/nginx-*", "centos*/nginx-*", "fedora/nginx-*", "openshift/nginx", "nginx-1[0-9][0-9]*"},
			main:   mainConf, dir: "/opt/app-root/etc/nginx.d", port: "8080", note: "Red Hat UBI and Software Collections",
		},
		{
			images: []string{"angie*"}, main: "/etc/angie/angie.conf", dir: "/etc/angie/http.d",
		},
		{
			images: []string{"openresty/openresty"}, main: "/usr/local/openresty/nginx/conf/nginx.conf", dir: confDir,
		},
		{
			images: []string{"openresty*"}, main: "/usr/local/openresty/nginx/conf/nginx.conf", dir: confDir,
			guessed: true, note: "assumed, with a warning",
		},
		{
			images: []string{"linuxserver/nginx", "linuxserver/swag"}, main: "/config/nginx/nginx.conf", dir: "/etc/nginx/http.d",
			note: "nginx.conf is in the volume /config; a file from before 2022 includes only site-confs",
		},
		{
			images: []string{"nginx-unprivileged", "chainguard/nginx", "trafex/php-nginx", "owasp/modsecurity-crs:*nginx*"},
			main:   mainConf, dir: confDir, port: "8080",
		},
		{
			images: []string{
				"library/nginx", "nginx/nginx", "nginxinc/nginx*", "nginx-plus/*", "nginxdemos/hello", "nginxdemos/nginx-hello*",
				"ubuntu/nginx", "nginxproxy/nginx-proxy", "nginx-proxy/nginx-proxy", "jwilder/nginx-proxy", "jonasal/nginx-certbot",
			},
			main: mainConf, dir: confDir,
		},
		{
			images: []string{"nginx*", "*-nginx", "*-nginx-unprivileged", "uwsgi-nginx*", "alpine-nginx*", "freenginx*", "tengine*"},
			main:   mainConf, dir: confDir, guessed: true, note: "assumed, with a warning",
		},
	}
}

// familyOf returns the family of an image. Without one, found is false, and the family has the layout of nginx itself.
func familyOf(image string) (f family, found bool) {
	repository, tag := splitImage(image)
	if strings.Contains(path.Base(repository), "exporter") {
		return family{main: mainConf, dir: confDir, guessed: true}, false
	}
	for _, f := range families() {
		if slices.ContainsFunc(f.images, func(glob string) bool { return matches(glob, repository, tag) }) {
			return f, true
		}
	}
	return family{main: mainConf, dir: confDir, guessed: true}, false
}

// matches reports whether a glob matches the last parts of a repository. A glob with a colon also matches the tag.
func matches(glob, repository, tag string) bool {
	glob, tagGlob, tagged := strings.Cut(glob, ":")
	parts, want := strings.Split(repository, "/"), strings.Split(glob, "/")
	if len(parts) < len(want) {
		return false
	}
	// The patterns are constants, so that errors cannot occur.
	last := strings.Join(parts[len(parts)-len(want):], "/")
	matched, _ := path.Match(glob, last)
	if tagged && matched {
		matched, _ = path.Match(tagGlob, tag)
	}
	return matched
}

// splitImage returns the repository of an image without the host of the registry, and its tag. As in Docker, a repository
// without a directory is in library.
func splitImage(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		image, tag = image[:colon], image[colon+1:]
	}
	host, rest, found := strings.Cut(image, "/")
	if found && (strings.ContainsAny(host, ".:") || host == "localhost") {
		image = rest
	}
	if !strings.Contains(image, "/") {
		image = "library/" + image
	}
	return strings.ToLower(image), tag
}

// imageName returns the last part of an image's repository.
func imageName(image string) string {
	repository, _ := splitImage(image)
	return path.Base(repository)
}

// isNginx reports whether an image runs nginx, or a fork with the same status page.
func isNginx(image string) bool {
	f, found := familyOf(image)
	return found && f.other == ""
}

// Images lists the known images and what inject does with them in Markdown, for the documentation.
func Images() (images, effects []string) {
	for _, f := range families() {
		effect := "server in `" + f.dir + "`"
		switch {
		case f.other != "" && f.metrics != "":
			effect = "no sidecar: " + f.other + " has its own metrics, on " + f.metrics
		case f.other != "":
			effect = "no sidecar: " + f.other
		case f.note != "":
			effect += "; " + f.note
		}
		images = append(images, "`"+strings.Join(f.images, "`, `")+"`")
		effects = append(effects, effect)
	}
	return images, effects
}
