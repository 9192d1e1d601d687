package status

import (
	"slices"

	"nginx-exporter/internal/doctor"
)

// Causes describes what "nginx-exporter doctor" finds, in the order in which it
// is checked.
func Causes() []doctor.Cause {
	all := slices.Concat(configurationCauses(), connectionCauses(), tlsCauses(), protocolCauses(), responseCauses(), nginxCauses(), missingCauses(), warningCauses())
	for i := range all {
		all[i].Command = doctor.Local
	}
	return all
}

func configurationCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "config-invalid", Symptom: "The exporter does not start.",
			Meaning: "A flag, variable or the configuration file is not valid; the message names it. No request was made, so the exit status is 2.",
			Fix:     "Correct it and run `nginx-exporter check-config`.",
		},
		{
			Code: "no-targets", Symptom: "`/metrics` has no `nginx_up`.",
			Meaning: "The configuration file has an empty list of targets.",
			Fix:     "Add a target, or remove `targets` from the file to use `--nginx.scrape-uri`.",
		},
		{
			Code: "exporter-itself", Symptom: "`nginx_up` is 0; the target responds with 404 or with metrics.",
			Meaning: "The target is an nginx-exporter, often this one: `--nginx.scrape-uri` has its port 9113.",
			Fix:     "Set the target to the status page of nginx. The report has its address if it was found.",
		},
		{
			Code: "exporter-other", Symptom: "`nginx_up` is 0; the target responds with metrics.",
			Meaning: "The target is another exporter for nginx.",
			Fix:     "Set the target to the status page of nginx, not to `/metrics` of an exporter.",
		},
	}
}

func connectionCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "name-unknown", Symptom: "Reason `dns`.",
			Meaning: "The host name of the target does not exist or cannot be resolved.",
			Fix:     "Correct it. On the same machine and in the same pod nginx is at 127.0.0.1.",
		},
		{
			Code: "socket-denied", Symptom: "`permission denied`.",
			Meaning: "The user of the exporter may not write to the socket, or not enter a directory above it.",
			Fix:     "Run the exporter with a group that may, or change the mode of the socket after nginx starts.",
		},
		{
			Code: "socket-other", Symptom: "`connection refused` at a socket.",
			Meaning: "The path is a file or directory, not a socket.",
			Fix:     "Set the target to the socket: `unix:/PATH/TO.sock:/stub_status`.",
		},
		{
			Code: "nginx-unreachable", Symptom: "Reason `timeout` or `network`.",
			Meaning: "No connection is established: packets are dropped, or there is no route to the address.",
			Fix:     "Check the address, firewalls, NetworkPolicies and security groups.",
		},
	}
}

func tlsCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "certificate-required", Symptom: "Reason `status`, 400, or reason `tls`.",
			Meaning: "nginx has `ssl_verify_client on`, and the exporter has no client certificate.",
			Fix:     "Set `--nginx.ssl-client-cert` and `--nginx.ssl-client-key`.",
		},
		{
			Code: "certificate-refused", Symptom: "Reason `status`, 400, or reason `tls`.",
			Meaning: "nginx does not trust the client certificate of the exporter.",
			Fix:     "Use one that is signed by the CA in `ssl_client_certificate`.",
		},
		{
			Code: "certificate-untrusted", Symptom: "Reason `tls`: unknown authority.",
			Meaning: "The certificate of nginx is signed by a CA that is not trusted here.",
			Fix:     "Set `--nginx.ssl-ca-cert` to that CA, or to the certificate itself if it is self-signed.",
		},
		{
			Code: "certificate-name", Symptom: "Reason `tls`: valid for other names.",
			Meaning: "The certificate of nginx does not include the host of the target.",
			Fix:     "Use one of its names in the target, or set `tls_config.server_name` in the configuration file.",
		},
		{
			Code: "certificate-expired", Symptom: "Reason `tls`: expired or not yet valid.",
			Meaning: "The certificate has expired, nginx was not reloaded after its renewal, or a clock is wrong.",
			Fix:     "Renew it and reload nginx.",
		},
		{
			Code: "tls-version", Symptom: "Reason `tls`: protocol version.",
			Meaning: "That server of nginx supports nothing newer than TLS 1.1, which the exporter does not use.",
			Fix:     "Set `ssl_protocols TLSv1.2 TLSv1.3;` in nginx.",
		},
		{
			Code: "tls-name-rejected", Symptom: "Reason `tls`: unrecognized name.",
			Meaning: "nginx has `ssl_reject_handshake on` for unknown server names.",
			Fix:     "Use a known name in the target, or set `tls_config.server_name` in the configuration file.",
		},
		{
			Code: "tls-expected", Symptom: "Reason `status`, 400.",
			Meaning: "nginx expects TLS on that port, and the target starts with http.",
			Fix:     "Change the target to https; if the certificate is not trusted, set its CA, too.",
		},
		{
			Code: "tls-not-spoken", Symptom: "Reason `tls` or `network`.",
			Meaning: "nginx expects plain HTTP on that port, and the target starts with https.",
			Fix:     "Change the target to http, or correct the port.",
		},
	}
}

func protocolCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "proxy-protocol-expected", Symptom: "Reason `network`: the connection is closed without a response.",
			Meaning: "The listen directive of nginx has `proxy_protocol`. A trial with the header had a response.",
			Fix:     "Set `--nginx.proxy-protocol`, or add a listen without `proxy_protocol` for the status page.",
		},
		{
			Code: "proxy-protocol-unexpected", Symptom: "Reason `status`, 400.",
			Meaning: "The exporter sends a PROXY protocol header, which that listen of nginx does not expect.",
			Fix:     "Remove `--nginx.proxy-protocol` and `PROXY_PROTOCOL`.",
		},
		{
			Code: "nginx-slow", Symptom: "Reason `timeout`, at times.",
			Meaning: "nginx responds, but later than `--nginx.timeout`.",
			Fix:     "Raise `--nginx.timeout`, below the scrape timeout of Prometheus, or find out what keeps nginx busy.",
		},
		{
			Code: "nginx-hangs", Symptom: "Reason `timeout`.",
			Meaning: "The connection is accepted and there is no response: workers of nginx are stopped or blocked, or it is not nginx.",
			Fix:     "Check the processes of nginx and its error log.",
		},
		{
			Code: "http2-only", Symptom: "Reason `network`: malformed HTTP response.",
			Meaning: "The listen directive has `http2` without TLS, and nginx before 1.25.1 accepts nothing else there.",
			Fix:     "Remove `http2` from the listen of the status server.",
		},
		{
			Code: "host-header", Symptom: "Reason `status` or `parse`, although the path is correct.",
			Meaning: "Another server of nginx responds, since the status page belongs to one with a `server_name`. A trial with that name succeeded, unless the report says otherwise.",
			Fix:     "Set `--nginx.host-header`, or add a server for the status page alone.",
		},
		{
			Code: "connection-closed", Symptom: "Reason `network`: EOF or connection reset.",
			Meaning: "nginx closes the connection without a response, most often because of `return 444`.",
			Fix:     "Use a server that responds; the error log of nginx may have more.",
		},
	}
}

func responseCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "stub-status-found", Symptom: "Reason `parse` with `--nginx.plus`.",
			Meaning: "The target is stub_status, and the exporter was told to expect NGINX Plus.",
			Fix:     "Set `--nginx.mode=auto`, or set the target to the NGINX Plus API.",
		},
		{
			Code: "plus-found", Symptom: "Reason `parse` with `--nginx.mode=stub_status`.",
			Meaning: "The target is the NGINX Plus API.",
			Fix:     "Set `--nginx.mode=auto`.",
		},
		{
			Code: "plus-path", Symptom: "Reason `parse` or `status`.",
			Meaning: "The target is an endpoint of the NGINX Plus API, such as /api/9/nginx.",
			Fix:     "Set the target to the root of the API, such as /api.",
		},
		{
			Code: "login-required", Symptom: "Reason `status`, 401.",
			Meaning: "The location has `auth_basic`, and the exporter has no credentials.",
			Fix:     "Set them under `http_client_config` in the configuration file.",
		},
		{
			Code: "login-refused", Symptom: "Reason `status`, 401.",
			Meaning: "nginx rejects the credentials of the exporter.",
			Fix:     "Correct user name and password.",
		},
		{
			Code: "status-redirect", Symptom: "Reason `status`, 301 or 302.",
			Meaning: "nginx redirects, most often to https. The exporter does not follow redirects; the doctor tries those to the same host.",
			Fix:     "Set the target to an address that serves the status page without a redirect.",
		},
		{
			Code: "status-denied", Symptom: "Reason `status`, 403.",
			Meaning: "`allow` and `deny` of the location exclude the exporter.",
			Fix:     "Allow the source address in the report.",
		},
		{
			Code: "status-unreadable", Symptom: "Reason `parse`.",
			Meaning: "The response starts like stub_status and is cut off or changed by a proxy or filter. A partial page is never used.",
			Fix:     "Connect to nginx directly, and remove filters from that location.",
		},
	}
}

func nginxCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "listen-address", Symptom: "Reason `refused`, or the response of another server, although nginx listens on that port.",
			Meaning: "nginx listens on another address than the target: only on ::1, say, or on a network interface; or `localhost` resolves to ::1 first.",
			Fix:     "Change the target to the address in the report.",
		},
		{
			Code: "status-elsewhere", Symptom: "Reason `refused` or `status`.",
			Meaning: "nginx serves its status page on another port or socket of this machine.",
			Fix:     "Set the flag in the report: a trial with it succeeded.",
		},
		{
			Code: "module-missing", Symptom: "Reason `refused` or `status`; nginx reports `unknown directive \"stub_status\"`.",
			Meaning: "nginx was built without ngx_http_stub_status_module.",
			Fix:     "Install the package of your distribution or of nginx.org.",
		},
		{
			Code: "nginx-config-broken", Symptom: "Reason `refused` or `status`; changes have no effect.",
			Meaning: "nginx rejects its configuration: it keeps the previous one, or does not start.",
			Fix:     "Run `nginx -t`, which shows the line.",
		},
		{
			Code: "listen-shadowed", Symptom: "Reason `status` or `parse`, although the path is correct.",
			Meaning: "The status server listens on all addresses of a port, and another server on 127.0.0.1 with the same port, which takes precedence.",
			Fix:     "Add `listen 127.0.0.1:PORT;` to the status server, or give it another port.",
		},
		{
			Code: "nginx-not-reloaded", Symptom: "Reason `refused` or `status`, although the configuration is correct.",
			Meaning: "The status page is in the configuration of nginx, which is running with an older one or not at all.",
			Fix:     "Run `nginx -s reload`, or start nginx.",
		},
		{
			Code: "status-not-configured", Symptom: "Reason `refused` or `status`.",
			Meaning: "The configuration of nginx has neither `stub_status` nor `api`.",
			Fix:     "Add the server in the report.",
		},
	}
}

func missingCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "socket-missing", Symptom: "`no such file or directory`.",
			Meaning: "The socket does not exist: nginx is not running, listens on another socket, or the directory is not shared with the exporter.",
			Fix:     "Add the server that `nginx-exporter snippet nginx-unix` prints; in a pod, mount the same emptyDir into both containers.",
		},
		{
			Code: "socket-stale", Symptom: "`connection refused` at a socket.",
			Meaning: "The process that created the socket was killed.",
			Fix:     "Start nginx. If it reports that the address is in use, remove the socket first.",
		},
		{
			Code: "pod-network", Symptom: "Reason `refused` in a pod.",
			Meaning: "Only the exporter listens in the network of this pod: nginx is not up yet, or is in another pod.",
			Fix:     "Run the exporter in the pod of nginx: `nginx-exporter inject`.",
		},
		{
			Code: "nginx-refused", Symptom: "Reason `refused`.",
			Meaning: "Nothing is listening on that address, and no status page was found in the usual places.",
			Fix:     "Start nginx with a status server; `nginx-exporter snippet` prints one.",
		},
		{
			Code: "not-http", Symptom: "Reason `network`: malformed HTTP response.",
			Meaning: "Another program, or a stream server of nginx, listens on that port.",
			Fix:     "Correct the port.",
		},
		{
			Code: "nginx-error", Symptom: "Reason `status`, 500 to 599.",
			Meaning: "nginx responds with an error: the location passes requests to an upstream that is down, or nginx itself has a problem.",
			Fix:     "Check the error log of nginx.",
		},
		{
			Code: "status-path", Symptom: "Reason `status`, 404.",
			Meaning: "There is no status page at that path. Other usual paths were tried.",
			Fix:     "Correct the path. The report has it if it was found.",
		},
		{
			Code: "status-empty", Symptom: "Reason `parse` or `status`.",
			Meaning: "The response has no body.",
			Fix:     "Correct port or path.",
		},
		{
			Code: "status-html", Symptom: "Reason `parse`.",
			Meaning: "The response is a web page with status 200, often from `location /` of an application.",
			Fix:     "Correct port or path. The report has them if the status page was found.",
		},
		{
			Code: "status-other", Symptom: "Reason `parse`.",
			Meaning: "The response has status 200 and is not a status page.",
			Fix:     "Correct port or path.",
		},
		{
			Code: "status-unknown", Symptom: "Anything else.",
			Meaning: "The cause is not known; the report has the observed error.",
			Fix:     "Check the error log of nginx.",
		},
	}
}

func warningCauses() []doctor.Cause {
	return []doctor.Cause{
		{
			Code: "status-columns", Symptom: "None: it works.",
			Meaning: "The page has columns that nginx itself does not have, such as `request_time` of Tengine. They are ignored.",
			Fix:     "No action is needed.",
		},
		{
			Code: "status-wrapped", Symptom: "A gauge, often `nginx_connections_waiting`, is absent for a scrape.",
			Meaning: "nginx subtracts counters that it reads one after another. Under load the difference can be negative, which nginx prints as a huge number.",
			Fix:     "No action is needed.",
		},
	}
}
