package collector

import "nginx-exporter/client/plus"

func plusTLSSource() []source {
	figures := &table[*plus.TLS]{
		tableHead: tableHead{sinceStart: true},
		source:    "/ssl",
		prefix:    "nginxplus_ssl_",
		rows:      tlsRows(),
	}
	return []source{plusSource("ssl", "ssl", "TLS handshakes of all servers",
		func(_ asker, bind *binder, t *plus.TLS) { addTo(bind, figures, t) }, figures)}
}
