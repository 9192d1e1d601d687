package collector

import "nginx-exporter/client"

func plusTLSSource() []source {
	figures := &table[*client.PlusTLS]{
		tableHead: tableHead{sinceStart: true},
		source:    "/ssl",
		prefix:    "nginxplus_ssl_",
		rows:      tlsRows(),
	}
	return []source{plusSource("ssl", "ssl", "TLS handshakes of all servers",
		func(_ asker, bind *binder, t *client.PlusTLS) { addTo(bind, figures, t) }, figures)}
}
