package status

import (
	"slices"

	"nginx-exporter/internal/doctor"
)

// cause is a row of the table: a judge, and what docs/troubleshooting.md says of the
// cause.
type cause struct {
	code doctor.Code
	// judge returns nil if the observation does not show the cause. It is nil if the
	// cause is found otherwise.
	judge func(*observation) *doctor.Finding
	// meaning and fix are set in one row of each code.
	meaning, fix string
}

// table has all causes, in the order in which a request runs into them. The first
// judge that finds its cause decides; if none does, the symptom is reported.
func table() []cause {
	return slices.Concat(configurationCauses(), connectionCauses(), tlsCauses(), protocolCauses(), otherPageCauses(), responseCauses(), nginxCauses(), symptomCauses(), warningCauses())
}

// Causes describes what "nginx-exporter doctor" finds, in the order in which it is
// checked.
func Causes() []doctor.Cause {
	var all []doctor.Cause
	for _, c := range table() {
		if c.meaning != "" {
			all = append(all, doctor.Cause{Code: c.code, Command: doctor.Local, Meaning: c.meaning, Fix: c.fix})
		}
	}
	return append(all, logDescriptions()...)
}

// configurationCauses are found before a request, or by a response that is not from
// nginx.
func configurationCauses() []cause {
	return []cause{
		{
			"config-invalid", nil, "A flag, variable or the configuration file is not valid; the message names it. Nothing was requested, so the exit status is 2.",
			"Correct it and run `nginx-exporter check-config`.",
		},
		{
			"no-targets", nil, "The configuration file has an empty list of targets, so `/metrics` has no `nginx_up`.",
			"Add a target, or remove `targets` from the file to use `--nginx.scrape-uri`.",
		},
		{
			"exporter-itself", (*observation).exporterItself, "The target is an nginx-exporter, often this one: `--nginx.scrape-uri` has its port 9113.",
			"Set the target to the status page of nginx; the report has its address if it was found.",
		},
		{
			"exporter-other", (*observation).exporterOther, "The target is another exporter for nginx.",
			"Set the target to the status page of nginx, not to `/metrics` of an exporter.",
		},
	}
}

// connectionCauses are failures to connect.
func connectionCauses() []cause {
	return []cause{
		{
			"name-unknown", (*observation).nameUnknown, "The host name of the target does not exist or cannot be resolved.",
			"Correct it. On the same machine and in the same pod nginx is at 127.0.0.1.",
		},
		{
			"socket-denied", (*observation).socketDenied, "`permission denied`: the user of the exporter may not write to the socket, or not enter a directory above it.",
			"Run the exporter with a group that may, or change the mode of the socket after nginx starts.",
		},
		{
			"socket-other", (*observation).socketOther, "The path is a file or directory, not a socket.",
			"Set the target to the socket: `unix:/PATH/TO.sock:/stub_status`.",
		},
		{
			"nginx-unreachable", (*observation).nginxUnreachable, "No connection is established: packets are dropped, or there is no route to the address.",
			"Check the address, firewalls, NetworkPolicies and security groups.",
		},
	}
}

// tlsCauses are failures of TLS.
func tlsCauses() []cause {
	return []cause{
		{
			"certificate-required", (*observation).certificateRequired, "nginx has `ssl_verify_client on`, and the exporter has no client certificate.",
			"Set `--nginx.ssl-client-cert` and `--nginx.ssl-client-key`.",
		},
		{
			"certificate-refused", (*observation).certificateRefused, "nginx does not trust the client certificate of the exporter.",
			"Use one that is signed by the CA in `ssl_client_certificate`.",
		},
		{
			"certificate-untrusted", (*observation).certificateUntrusted, "The certificate of nginx is signed by a CA that is not trusted here.",
			"Set `--nginx.ssl-ca-cert` to that CA, or to the certificate itself if it is self-signed.",
		},
		{
			"certificate-name", (*observation).certificateName, "The certificate of nginx does not include the host of the target.",
			"Use one of its names in the target, or set `--nginx.ssl-server-name` (`tls_config.server_name` in the configuration file).",
		},
		{
			"certificate-expired", (*observation).certificateExpired, "The certificate has expired, nginx was not reloaded after its renewal, or a clock is wrong.",
			"Renew it and reload nginx.",
		},
		{
			"tls-version", (*observation).tlsVersion, "That server of nginx supports nothing newer than TLS 1.1, which the exporter rejects.",
			"Set `ssl_protocols TLSv1.2 TLSv1.3;` in nginx.",
		},
		{
			"tls-name-rejected", (*observation).tlsNameRejected, "nginx has `ssl_reject_handshake on` for unknown server names.",
			"Use a known name in the target, or set `--nginx.ssl-server-name` (`tls_config.server_name` in the configuration file).",
		},
		{
			"tls-expected", (*observation).tlsExpected, "nginx expects TLS on that port, and the target starts with http.",
			"Change the target to https; if the certificate is not trusted, set its CA, too.",
		},
		{
			"tls-not-spoken", (*observation).tlsNotSpoken, "nginx expects plain HTTP on that port, and the target starts with https.",
			"Change the target to http, or correct the port.",
		},
	}
}

// protocolCauses are failures to get an HTTP response from the right server.
func protocolCauses() []cause {
	return []cause{
		{
			"worker-connections", (*observation).noConnections, "nginx closes each connection at once, as no `worker_connections` are free. So does a TCP proxy without a server behind it.",
			"Raise `worker_connections` if the error log of nginx has `worker_connections are not enough`.",
		},
		{
			"proxy-protocol-expected", (*observation).proxyProtocolExpected, "The listen directive of nginx has `proxy_protocol`. A trial with the header had a response.",
			"Set `--nginx.proxy-protocol`, or add a listen without `proxy_protocol` for the status page.",
		},
		{
			"proxy-protocol-unexpected", (*observation).proxyProtocolUnexpected, "The exporter sends a PROXY protocol header, which that listen of nginx does not expect.",
			"Remove `--nginx.proxy-protocol` and `PROXY_PROTOCOL`.",
		},
		{
			"nginx-slow", (*observation).nginxSlow, "nginx responds, but later than `--nginx.timeout`.",
			"Raise `--nginx.timeout`, below the scrape timeout of Prometheus, or find out what keeps nginx busy.",
		},
		{
			"nginx-hangs", (*observation).nginxHangs, "nginx accepts the connection and does not respond: its workers are stopped or blocked, or it is not nginx.",
			"Check the processes of nginx and its error log.",
		},
		{
			"http2-only", (*observation).http2Only, "The listen directive has `http2` without TLS, and nginx before 1.25.1 accepts nothing else there.",
			"Remove `http2` from every listen of that address, serve the status page on another port, or upgrade nginx.",
		},
		{
			"status-limited", (*observation).statusLimited, "`limit_req` or `limit_conn` applies to the status page, most often because it is in the `http` block.",
			"Move `limit_req` and `limit_conn` into the locations that need them, or serve the status page from a server of its own.",
		},
		{
			"host-header", (*observation).hostHeader, "Another server of nginx responds: the status page belongs to one with a `server_name`.",
			"Set `--nginx.host-header`, or add a server for the status page alone.",
		},
		{
			"connection-closed", (*observation).connectionClosed, "nginx closes the connection without a response, most often because of `return 444`.",
			"Use a server that responds; the error log of nginx may show more.",
		},
	}
}

// otherPageCauses are status pages that the exporter does not read.
func otherPageCauses() []cause {
	return []cause{
		{
			"vts-page", (*observation).vtsPage, "The target is nginx-module-vts in another format, such as the HTML page at `/status`, or its JSON is cut.",
			"Set the target to the JSON, at the path of the location followed by `/format/json`.",
		},
		{
			"plus-old-status", (*observation).plusOldStatus, "The target is ngx_http_status_module of NGINX Plus. The API replaced it in R13; R16 removed it.",
			"Enable the API, which `nginx-exporter snippet nginx-plus` prints, and set the target to it.",
		},
		{
			"php-fpm-page", (*observation).phpFPMPage, "The path of the target is the status page of PHP-FPM, often `/status`.",
			"Set the target to a location with `stub_status`.",
		},
		{
			"unit-api", (*observation).unitAPI, "The target is the control API, or an application, of NGINX Unit, which is not nginx.",
			"Set the target to the status page of an nginx.",
		},
	}
}

// responseCauses are responses that show the cause.
func responseCauses() []cause {
	return []cause{
		{
			"stub-status-found", (*observation).stubStatusFound, "The target is stub_status, and the exporter is configured to expect another interface, such as the NGINX Plus API.",
			"Set `--nginx.mode=auto`, or set the target to that interface.",
		},
		{
			"plus-found", (*observation).plusFound, "The target is the NGINX Plus API.",
			"Set `--nginx.mode=auto`.",
		},
		{
			"vts-found", (*observation).vtsFound, "The target is the JSON of nginx-module-vts.",
			"Set `--nginx.mode=auto`.",
		},
		{
			"angie-found", (*observation).angieFound, "The target is the status of Angie.",
			"Set `--nginx.mode=auto`.",
		},
		{
			"angie-part", (*observation).angiePart, "The target is Angie, but not its status as a whole (`api /status/`): a part such as /status/connections, or the root of its API.",
			"Set the target to the location with `api /status/`, such as /status/, or to one with `stub_status`.",
		},
		{
			"plus-path", (*observation).plusPath, "The target is an endpoint of the NGINX Plus API, such as /api/9/nginx.",
			"Set the target to the root of the API, such as /api.",
		},
		{
			"login-required", (*observation).loginRequired, "The location has `auth_basic`, and the exporter has no credentials.",
			"Set them under `http_client_config` in the configuration file.",
		},
		{
			"login-refused", (*observation).loginRefused, "nginx rejects the credentials of the exporter.",
			"Correct user name and password.",
		},
		{
			"status-redirect", (*observation).statusRedirect, "nginx redirects, most often to https. The exporter does not follow redirects.",
			"Set the target to an address that serves the status page without a redirect.",
		},
		{
			"status-denied", (*observation).statusDenied, "`allow` and `deny` of the location exclude the exporter.",
			"Allow the source address in the report.",
		},
		{
			"status-unreadable", (*observation).statusUnreadable, "The response starts like stub_status, but a proxy or filter cut or changed it.",
			"Connect to nginx directly, and remove filters from that location.",
		},
	}
}

// nginxCauses are found if there is no status page at the target: it is somewhere
// else, or this machine shows why there is none.
func nginxCauses() []cause {
	return []cause{
		{
			"listen-address", (*observation).listenAddress, "nginx listens on another address: only on ::1 or a network interface, for example, or `localhost` resolves to ::1 first.",
			"Change the target to the address in the report.",
		},
		{
			"status-elsewhere", (*observation).statusElsewhere, "nginx serves its status page on another port or socket of this machine.",
			"Set the flag in the report; a trial with it succeeded.",
		},
		{
			"module-missing", (*observation).moduleMissing, "`unknown directive \"stub_status\"`: nginx was built without ngx_http_stub_status_module.",
			"Install the package of your distribution or of nginx.org.",
		},
		{
			"vts-module-missing", (*observation).vtsModuleMissing, "`unknown directive \"vhost_traffic_status…\"`: nginx does not have nginx-module-vts.",
			"Load the module with `load_module`, or build nginx with it.",
		},
		{
			"nginx-config-broken", (*observation).nginxConfigBroken, "nginx rejects its configuration: it keeps the previous one, or does not start.",
			"Run `nginx -t`, which shows the line.",
		},
		{
			"nginx-not-running", (*observation).nginxNotRunning, "This machine or container has nginx, but no process of it.",
			"Start nginx: `systemctl start nginx` or `nginx`.",
		},
		{
			"listen-shadowed", (*observation).listenShadowed, "The status server listens on all addresses of a port, and another server on 127.0.0.1 and the same port, which takes precedence.",
			"Add `listen 127.0.0.1:PORT;` to the status server, or give it another port.",
		},
		{code: "host-header", judge: (*observation).otherServerName},
		{
			"nginx-not-reloaded", (*observation).nginxNotReloaded, "The configuration of nginx has the status page, but nginx runs with an older one, or not at all.",
			"Run `nginx -t && (nginx -s reload || nginx)`, or `systemctl reload-or-restart nginx`.",
		},
		{
			"status-not-configured", (*observation).statusNotConfigured, "The configuration of nginx has neither `stub_status` nor `api`.",
			"Add the server in the report.",
		},
		{
			"pod-network", (*observation).podNetwork, "Only the exporter listens in this pod: nginx is not up yet, or is in another pod.",
			"Run the exporter in the pod of nginx: `nginx-exporter inject`.",
		},
	}
}

// symptomCauses remain if no judge finds the cause; describe chooses one.
func symptomCauses() []cause {
	return []cause{
		{
			"socket-missing", nil, "`no such file or directory`: nginx is not running, listens on another socket, or does not share the directory with the exporter.",
			"Add the server that `nginx-exporter snippet nginx-unix` prints; in a pod, mount the same emptyDir into both containers.",
		},
		{
			"socket-stale", nil, "The process that created the socket was killed.",
			"Start nginx. If it reports that the address is in use, remove the socket first.",
		},
		{
			"nginx-refused", nil, "Nothing is listening on that address, and no status page was found in the usual places.",
			"Start nginx with a status server; `nginx-exporter snippet` prints one.",
		},
		{
			"not-http", nil, "Another program, or a stream server of nginx, listens on that port.",
			"Correct the port.",
		},
		{
			"nginx-error", nil, "nginx responds with an error: the location passes requests to an upstream that is down, or nginx itself has a problem.",
			"Check the error log of nginx.",
		},
		{
			"status-path", nil, "There is no status page at that path. Other usual paths were tried.",
			"Correct the path. The report has it if it was found.",
		},
		{
			"status-empty", nil, "The response has no body.",
			"Correct port or path.",
		},
		{
			"status-html", nil, "The response is a web page with status 200, often from `location /` of an application.",
			"Correct port or path. The report has them if the status page was found.",
		},
		{
			"status-other", nil, "The response has status 200 and is not a status page.",
			"Correct port or path.",
		},
		{
			"status-unknown", nil, "The cause is not known; the report has the observed error.",
			"Check the error log of nginx.",
		},
	}
}

// warningCauses are found at targets that work, by warnings and examineSources.
func warningCauses() []cause {
	return []cause{
		{
			"source-failed", nil, "A document of the NGINX Plus API, or a part of the status of Angie, cannot be read, so that its metrics are missing.",
			"The report names each source with the reason, and the fix.",
		},
		{
			"status-columns", nil, "The page has columns that the exporter does not know. They are ignored.",
			"No action is needed.",
		},
		{
			"status-wrapped", nil, "A gauge, often `nginx_connections_waiting`, is absent for a scrape: under load, nginx may print a negative difference as a huge number.",
			"No action is needed.",
		},
	}
}
