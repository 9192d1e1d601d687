package node

import (
	"fmt"
	"path"
	"strings"
	"syscall"
)

// Image replaces a container image: a program of this machine, and the configuration
// files of the real image.
type Image struct {
	// Program is the path of a binary to mount at /app; Entry is the entry point.
	Program string
	Entry   []string
	// Files are more files: their texts by path.
	Files map[string]string
	// Stop is the stop signal.
	Stop syscall.Signal
	// User is the default user.
	User int
}

// Nginx replaces the official image.
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

// UnprivilegedNginx replaces the image of the chart test.
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

// Program is an image with only a binary.
func Program(binary string) Image {
	return Image{Program: binary, Entry: []string{"/app/" + path.Base(binary)}, Stop: syscall.SIGTERM}
}

// nginxConf includes conf.d in http, like the image.
func nginxConf(user, pid, http string) string {
	return user + "\nworker_processes 1;\nerror_log stderr notice;\npid " + pid + ";\n" +
		"events { worker_connections 512; }\nhttp {\n    default_type text/plain;\n    access_log off;\n" + http +
		"    include /etc/nginx/conf.d/*.conf;\n}\n"
}

const defaultServer = "server {\n    listen 80;\n    location / { return 200 \"hello\\n\"; }\n}\n"

// findImage finds an image by the last part of its name.
func findImage(images map[string]Image, name string) (Image, error) {
	name, _, _ = strings.Cut(path.Base(name), "@")
	name, _, _ = strings.Cut(name, ":")
	image, known := images[name]
	if !known {
		return Image{}, fmt.Errorf("unknown image %s", name)
	}
	return image, nil
}
