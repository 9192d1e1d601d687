package node

import (
	"fmt"
	"path"
	"strings"
	"syscall"
)

// Image stands for a container image: a program of this machine, and the files
// of /etc that the real image brings.
type Image struct {
	// Program is the path of a binary to show at /app; Entry is what runs.
	Program string
	Entry   []string
	// Files are further files, path to text.
	Files map[string]string
	// Stop ends it.
	Stop syscall.Signal
	// User runs it, unless the pod names another.
	User int
}

// Nginx is the official image: its files, its entry point, its stop signal.
func Nginx() Image {
	return Image{
		Entry: []string{"nginx", "-g", "daemon off;"},
		Stop:  syscall.SIGQUIT,
		Files: map[string]string{
			"/etc/nginx/nginx.conf":          nginxConf("user www-data;", "/run/nginx.pid", ""),
			"/etc/nginx/conf.d/default.conf": defaultServer,
		},
	}
}

// UnprivilegedNginx is the image that the chart's own test runs in.
func UnprivilegedNginx() Image {
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "    %s_temp_path /tmp/%s_temp;\n", kind, kind)
	}
	return Image{
		Entry: []string{"nginx", "-g", "daemon off;"},
		Stop:  syscall.SIGQUIT,
		User:  101,
		Files: map[string]string{
			"/etc/nginx/nginx.conf":          nginxConf("", "/tmp/nginx.pid", temp.String()),
			"/etc/nginx/conf.d/default.conf": defaultServer,
		},
	}
}

// Program is an image with nothing but a binary.
func Program(binary string) Image {
	return Image{Program: binary, Entry: []string{"/app/" + path.Base(binary)}, Stop: syscall.SIGTERM}
}

// nginxConf includes conf.d in http, as the image does.
func nginxConf(user, pid, http string) string {
	return user + "\nworker_processes 1;\nerror_log stderr notice;\npid " + pid + ";\n" +
		"events { worker_connections 512; }\nhttp {\n    default_type text/plain;\n    access_log off;\n" + http +
		"    include /etc/nginx/conf.d/*.conf;\n}\n"
}

const defaultServer = "server {\n    listen 80;\n    location / { return 200 \"hello\\n\"; }\n}\n"

// find gives the image by the last part of its name.
func find(images map[string]Image, name string) (Image, error) {
	name, _, _ = strings.Cut(path.Base(name), "@")
	name, _, _ = strings.Cut(name, ":")
	image, known := images[name]
	if !known {
		return Image{}, fmt.Errorf("no program stands for the image %s", name)
	}
	return image, nil
}
