package doctor

// statusCauses are those that "nginx-exporter doctor" finds.
func statusCauses() []Cause {
	var all []Cause
	for _, list := range [][]Cause{configurationCauses(), socketCauses(), addressCauses(), connectionCauses(), tlsCauses(), answerCauses(), nginxCauses(), pageCauses()} {
		all = append(all, list...)
	}
	for i := range all {
		all[i].Command = Local
	}
	return all
}

func configurationCauses() []Cause {
	return []Cause{
		{
			Code: "config-invalid", Symptom: "The exporter does not start.",
			Meaning: "A flag, a variable or the configuration file is wrong; the line names it. Nothing was asked, so the exit status is 2.",
			Fix:     "Correct it and try `nginx-exporter check-config`.",
		},
		{
			Code: "no-targets", Symptom: "The page has no `nginx_up` at all.",
			Meaning: "The configuration file has a list of targets, and it is empty.",
			Fix:     "Add a target, or leave `targets` out of the file to have those of `--nginx.scrape-uri`.",
		},
		{
			Code: "exporter-itself", Symptom: "`nginx_up` is 0; the target answers 404, or with metrics.",
			Meaning: "The target is an nginx-exporter, often the very one: its port 9113 was given as `--nginx.scrape-uri`.",
			Fix:     "Name the status page of nginx. If one was found, the fix has its address.",
		},
		{
			Code: "exporter-other", Symptom: "`nginx_up` is 0; the target answers with metrics.",
			Meaning: "The target is another exporter for nginx.",
			Fix:     "Name the status page of nginx, not the page of metrics.",
		},
	}
}

func socketCauses() []Cause {
	return []Cause{
		{
			Code: "socket-missing", Symptom: "`no such file or directory`.",
			Meaning: "Nobody has made the socket: nginx does not run, listens elsewhere, or its folder is not shared with the exporter.",
			Fix:     "`nginx-exporter snippet nginx-unix` prints the server for it; in a pod, mount one emptyDir into both containers.",
		},
		{
			Code: "socket-denied", Symptom: "`permission denied`.",
			Meaning: "The user of the exporter may not write to the socket, or not enter a folder above it.",
			Fix:     "Give it a group that may, or change the mode of the socket after nginx has started.",
		},
		{
			Code: "socket-other", Symptom: "`connection refused` at a socket.",
			Meaning: "What stands at that path is a file or a folder.",
			Fix:     "Name the socket: `unix:/PATH/OF.sock:/stub_status`.",
		},
		{
			Code: "socket-stale", Symptom: "`connection refused` at a socket.",
			Meaning: "The socket is left over from a process that was killed.",
			Fix:     "Start nginx. If it complains of an address in use, remove the socket before.",
		},
	}
}

func addressCauses() []Cause {
	return []Cause{
		{
			Code: "name-unknown", Symptom: "Reason `dns`.",
			Meaning: "The host of the target has no address, or could not be looked up.",
			Fix:     "Correct it. In the same pod and on the same machine nginx is at 127.0.0.1.",
		},
		{
			Code: "listen-address", Symptom: "Reason `refused`, or the answer of another server, although nginx listens at that port.",
			Meaning: "nginx listens at another address than the one that is asked: at ::1 alone, say, or at that of a network interface; or `localhost` is ::1 first.",
			Fix:     "Ask the address that works; the fix has it.",
		},
		{
			Code: "status-elsewhere", Symptom: "Reason `refused` or `status`.",
			Meaning: "nginx serves its status at another port or socket of this machine.",
			Fix:     "The fix has the flag with the address at which it answered.",
		},
		{
			Code: "nginx-refused", Symptom: "Reason `refused`.",
			Meaning: "Nobody listens at that address, and no status page was found at the usual places.",
			Fix:     "Start nginx with a status server; `nginx-exporter snippet` prints one.",
		},
		{
			Code: "pod-network", Symptom: "Reason `refused` in a pod.",
			Meaning: "Nobody but the exporter listens in the network of this pod: nginx is not up yet, or is in another pod.",
			Fix:     "Put the exporter into the pod of nginx: `nginx-exporter inject`.",
		},
		{
			Code: "nginx-unreachable", Symptom: "Reason `timeout` or `network`.",
			Meaning: "No connection comes about: something drops the packets, or there is no way to that address.",
			Fix:     "Look at firewalls, NetworkPolicies and security groups; check the address.",
		},
	}
}

func connectionCauses() []Cause {
	return []Cause{
		{
			Code: "nginx-slow", Symptom: "Reason `timeout`, at times.",
			Meaning: "nginx answers, but later than `--nginx.timeout`.",
			Fix:     "Raise `--nginx.timeout`, below the time-out of Prometheus; find out what keeps nginx busy.",
		},
		{
			Code: "nginx-hangs", Symptom: "Reason `timeout`.",
			Meaning: "The connection is accepted and never answered: the workers are stopped or blocked, or it is no nginx.",
			Fix:     "Look at the processes of nginx and its error log.",
		},
		{
			Code: "proxy-protocol-expected", Symptom: "Reason `network`: the connection is closed without an answer.",
			Meaning: "The listen of nginx has `proxy_protocol`. That the header helps was tried.",
			Fix:     "`--nginx.proxy-protocol`, or a listen without it for the status.",
		},
		{
			Code: "proxy-protocol-unexpected", Symptom: "Reason `status`, 400.",
			Meaning: "The exporter begins with a PROXY protocol header, which that listen of nginx does not expect.",
			Fix:     "Leave out `--nginx.proxy-protocol` and `PROXY_PROTOCOL`.",
		},
		{
			Code: "http2-only", Symptom: "Reason `network`: malformed HTTP response.",
			Meaning: "The listen has `http2` without TLS, and nginx before 1.25.1 speaks nothing else there.",
			Fix:     "Leave `http2` out of the listen of the status server.",
		},
		{
			Code: "not-http", Symptom: "Reason `network`: malformed HTTP response.",
			Meaning: "Another program listens there, or a stream server of nginx.",
			Fix:     "Correct the port.",
		},
		{
			Code: "connection-closed", Symptom: "Reason `network`: EOF or connection reset.",
			Meaning: "nginx hangs up without an answer, whatever it is asked: `return 444`, most often.",
			Fix:     "Name a server that answers; the error log of nginx may tell more.",
		},
	}
}

func tlsCauses() []Cause {
	return []Cause{
		{
			Code: "tls-expected", Symptom: "Reason `status`, 400.",
			Meaning: "nginx speaks TLS at that port, and the target begins with http.",
			Fix:     "Write https; where the certificate is not trusted, give its CA too.",
		},
		{
			Code: "tls-not-spoken", Symptom: "Reason `tls` or `network`.",
			Meaning: "nginx speaks plain HTTP at that port, and the target begins with https.",
			Fix:     "Write http, or correct the port.",
		},
		{
			Code: "tls-version", Symptom: "Reason `tls`: protocol version.",
			Meaning: "That server of nginx only speaks TLS 1.1 or older, which the exporter refuses.",
			Fix:     "`ssl_protocols TLSv1.2 TLSv1.3;`",
		},
		{
			Code: "tls-name-rejected", Symptom: "Reason `tls`: unrecognized name.",
			Meaning: "nginx has `ssl_reject_handshake on` for names that it does not know.",
			Fix:     "Ask for a name that it knows, or set `tls_config.server_name` in the configuration file.",
		},
		{
			Code: "certificate-untrusted", Symptom: "Reason `tls`: unknown authority.",
			Meaning: "No CA that is trusted here has signed the certificate of nginx.",
			Fix:     "Give its CA with `--nginx.ssl-ca-cert`. It is the certificate itself where nginx signed its own.",
		},
		{
			Code: "certificate-name", Symptom: "Reason `tls`: valid for other names.",
			Meaning: "The certificate of nginx is for other names than the host of the target.",
			Fix:     "Ask for one of those, or set `tls_config.server_name` in the configuration file.",
		},
		{
			Code: "certificate-expired", Symptom: "Reason `tls`: expired or not yet valid.",
			Meaning: "The certificate has had its time, or nginx was not reloaded after it was renewed, or a clock is wrong.",
			Fix:     "Renew it and reload nginx.",
		},
		{
			Code: "certificate-required", Symptom: "Reason `status`, 400, or reason `tls`.",
			Meaning: "nginx has `ssl_verify_client on`, and the exporter shows no certificate.",
			Fix:     "`--nginx.ssl-client-cert` and `--nginx.ssl-client-key`.",
		},
		{
			Code: "certificate-refused", Symptom: "Reason `status`, 400, or reason `tls`.",
			Meaning: "nginx does not trust the certificate that the exporter shows.",
			Fix:     "Show one that the CA in `ssl_client_certificate` has signed.",
		},
	}
}

func answerCauses() []Cause {
	return []Cause{
		{
			Code: "host-header", Symptom: "Reason `status` or `parse`, although the path is right.",
			Meaning: "Another server of nginx answers, since the status page is one of a server with a `server_name`. That the name helps was tried.",
			Fix:     "`--nginx.host-header`, or a server of its own for the status.",
		},
		{
			Code: "listen-shadowed", Symptom: "Reason `status` or `parse`, although the path is right.",
			Meaning: "The status server listens at all addresses of a port, and another server at 127.0.0.1 itself: nginx gives it what comes from this machine.",
			Fix:     "`listen 127.0.0.1:PORT;` in the status server too, or a port of its own.",
		},
		{
			Code: "status-path", Symptom: "Reason `status`, 404.",
			Meaning: "There is no status page at that path. Other usual paths were tried.",
			Fix:     "The fix has the path if one was found.",
		},
		{
			Code: "status-denied", Symptom: "Reason `status`, 403.",
			Meaning: "`allow` and `deny` of the location do not let the exporter in.",
			Fix:     "Allow the address that the report names.",
		},
		{
			Code: "login-required", Symptom: "Reason `status`, 401.",
			Meaning: "The location has `auth_basic`, and the exporter gives no login.",
			Fix:     "Give one under `http_client_config` in the configuration file.",
		},
		{
			Code: "login-refused", Symptom: "Reason `status`, 401.",
			Meaning: "nginx does not take the login that the exporter gives.",
			Fix:     "Correct user name and password.",
		},
		{
			Code: "status-redirect", Symptom: "Reason `status`, 301 or 302.",
			Meaning: "nginx sends the exporter somewhere else, most often to https. The exporter follows nobody, and the doctor only to the same host.",
			Fix:     "Name the address at which the status page answers by itself.",
		},
	}
}

func nginxCauses() []Cause {
	return []Cause{
		{
			Code: "nginx-error", Symptom: "Reason `status`, 500 to 599.",
			Meaning: "nginx could not answer: its location passes on to somebody who is not there, or it has trouble itself.",
			Fix:     "The error log of nginx tells which.",
		},
		{
			Code: "module-missing", Symptom: "Reason `refused` or `status`; nginx says `unknown directive \"stub_status\"`.",
			Meaning: "nginx was built without ngx_http_stub_status_module.",
			Fix:     "Install the package of your distribution or of nginx.org.",
		},
		{
			Code: "status-not-configured", Symptom: "Reason `refused` or `status`.",
			Meaning: "The configuration of nginx has neither `stub_status` nor `api`.",
			Fix:     "The fix has the server to add.",
		},
		{
			Code: "nginx-not-reloaded", Symptom: "Reason `refused` or `status`, although the configuration is right.",
			Meaning: "The status page stands in the configuration of nginx, which runs with an older one, or not at all.",
			Fix:     "`nginx -s reload`, or start it.",
		},
		{
			Code: "nginx-config-broken", Symptom: "Reason `refused` or `status`; changes have no effect.",
			Meaning: "nginx does not take its configuration: it goes on with the one before, or does not start.",
			Fix:     "`nginx -t` tells the line.",
		},
	}
}

func pageCauses() []Cause {
	return []Cause{
		{
			Code: "status-html", Symptom: "Reason `parse`.",
			Meaning: "A web page comes with status 200: another location, often `location /` of an application, answers.",
			Fix:     "Correct port or path. The fix has them if a status page was found.",
		},
		{
			Code: "status-empty", Symptom: "Reason `parse` or `status`.",
			Meaning: "The answer has no text.",
			Fix:     "Correct port or path.",
		},
		{
			Code: "status-unreadable", Symptom: "Reason `parse`.",
			Meaning: "The page begins like stub_status and is cut or rewritten, by a proxy or a filter. Half a page is never taken for a whole one.",
			Fix:     "Ask nginx itself; leave filters out at that location.",
		},
		{
			Code: "status-other", Symptom: "Reason `parse`.",
			Meaning: "Something else answers with status 200.",
			Fix:     "Correct port or path.",
		},
		{
			Code: "stub-status-found", Symptom: "Reason `parse` with `--nginx.plus`.",
			Meaning: "The target is stub_status, and the exporter was told to expect NGINX Plus.",
			Fix:     "`--nginx.mode=auto`, or the address of the API.",
		},
		{
			Code: "plus-found", Symptom: "Reason `parse` with `--nginx.mode=stub_status`.",
			Meaning: "The target is the API of NGINX Plus.",
			Fix:     "`--nginx.mode=auto`.",
		},
		{
			Code: "plus-path", Symptom: "Reason `parse` or `status`.",
			Meaning: "The target is a document below the API of NGINX Plus, such as /api/9/nginx.",
			Fix:     "Name the root of the API, such as /api.",
		},
		{
			Code: "status-columns", Symptom: "None: it works.",
			Meaning: "The page has columns that nginx itself does not have; Tengine's `request_time` is one. They are left out.",
			Fix:     "Nothing needs to be done.",
		},
		{
			Code: "status-wrapped", Symptom: "A gauge, often `nginx_connections_waiting`, is absent for a scrape.",
			Meaning: "nginx subtracts counters that it reads one after another; under load the difference can fall below zero, which it prints as a huge number.",
			Fix:     "Nothing needs to be done.",
		},
		{
			Code: "status-unknown", Symptom: "Anything else.",
			Meaning: "The doctor does not know this trouble, and shows what it saw.",
			Fix:     "The error log of nginx may tell.",
		},
	}
}
