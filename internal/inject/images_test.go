package inject

import "testing"

// TestFamilyOf checks what images count as nginx, and where their status server goes.
func TestFamilyOf(t *testing.T) {
	const (
		none   = "no nginx"
		other  = "another program"
		bare   = "/etc/nginx/conf.d"
		unsure = "/etc/nginx/conf.d?"
		redHat = "/opt/app-root/etc/nginx.d"
	)
	for image, want := range map[string]string{
		"nginx":                                               bare,
		"nginx:1.27-alpine":                                   bare,
		"NGINX":                                               bare,
		"docker.io/library/nginx@sha256:0123":                 bare,
		"localhost:5000/nginx":                                bare,
		"localhost/nginx:1":                                   bare,
		"registry.example.com:5000/nginx:1.29":                bare,
		"public.ecr.aws/nginx/nginx:stable":                   bare,
		"public.ecr.aws/docker/library/nginx":                 bare,
		"nginxinc/nginx-unprivileged:1.29":                    bare,
		"ghcr.io/nginx/nginx-unprivileged":                    bare,
		"private-registry.nginx.com/nginx-plus/base:r34":      bare,
		"nginxdemos/hello":                                    bare,
		"nginxdemos/nginx-hello:plain-text":                   bare,
		"owasp/modsecurity-crs:nginx":                         bare,
		"owasp/modsecurity-crs:4-nginx-alpine":                bare,
		"cgr.dev/chainguard/nginx:latest":                     bare,
		"openresty/openresty:alpine":                          bare,
		"my/openresty-build":                                  unsure,
		"docker.io/nginxproxy/nginx-proxy:alpine":             bare,
		"shop/nginx":                                          unsure,
		"example.com/team/web-nginx:3":                        unsure,
		"tiangolo/uwsgi-nginx-flask:python3.11":               unsure,
		"registry.k8s.io/nginx-slim:0.24":                     unsure,
		"example.com/nginx-certbot-renewal":                   unsure,
		"tengine":                                             unsure,
		"freenginx/freenginx":                                 unsure,
		"docker.angie.software/angie:latest":                  "/etc/angie/http.d",
		"lscr.io/linuxserver/swag:latest":                     "/etc/nginx/http.d",
		"linuxserver/nginx":                                   "/etc/nginx/http.d",
		"bitnami/nginx":                                       "/opt/bitnami/nginx/conf/server_blocks",
		"docker.io/bitnamilegacy/nginx:1.29":                  "/opt/bitnami/nginx/conf/server_blocks",
		"bitnami/openresty":                                   "/opt/bitnami/openresty/nginx/conf/server_blocks",
		"registry.access.redhat.com/ubi9/nginx-124@sha256:01": redHat,
		"registry.redhat.io/rhel8/nginx-118":                  redHat,
		"quay.io/sclorg/nginx-126-c9s":                        redHat,
		"centos/nginx-112-centos7":                            redHat,
		"image-registry.openshift-image-registry.svc:5000/openshift/nginx:1.24-ubi9": redHat,
		"registry.example.com/shop/nginx-gateway:3":                                  unsure,
		"ghcr.io/nginxinc/nginx-kubernetes-gateway":                                  other,
		"ghcr.io/nginx/nginx-gateway-fabric:2.1":                                     other,
		"ghcr.io/nginx/nginx-gateway-fabric/nginx-plus:2.1":                          other,
		"ghcr.io/nginx/nginx-gateway-fabric/operator":                                other,
		"registry.k8s.io/ingress-nginx/controller-chroot:v1.12":                      other,
		"quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.33.0":      other,
		"rancher/nginx-ingress-controller":                                           other,
		"nginx/nginx-ingress:5-alpine":                                               other,
		"private-registry.nginx.com/nginx-ic-nap/nginx-plus-ingress:5":               other,
		"quay.io/nginx/nginx-ingress-operator":                                       other,
		"registry.k8s.io/ingress-nginx/nginx-errors":                                 other,
		"registry.k8s.io/ingress-nginx/kube-webhook-certgen":                         none,
		"nginx/nginx-prometheus-exporter:1.5":                                        none,
		"bitnami/nginx-exporter":                                                     none,
		"owasp/modsecurity-crs:apache":                                               none,
		"httpd":                                                                      none,
		"swag":                                                                       none,
		"thisisdefinitelynotnginx":                                                   none,
		"":                                                                           none,
		"/:@":                                                                        none,
	} {
		f, found := familyOf(image)
		got := f.dir
		switch {
		case !found:
			got = none
		case f.other != "":
			got = other
		case f.guessed:
			got += "?"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", image, got, want)
		}
		if isNginx(image) != (want != none && want != other) {
			t.Errorf("%q: nginx is %v", image, isNginx(image))
		}
	}
}
