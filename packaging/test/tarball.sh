#!/usr/bin/env bash
# From the archive of nginx-prometheus-exporter, installed as its documentation says: first with another binary in the same unit, then
# with the package.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
binary=/usr/local/bin/nginx-prometheus-exporter
useradd --system nginx_exporter

# Version 0.11, in a unit without a socket, which it does not know.
dpkg-deb --fsys-tarfile /packages/prometheus-nginx-exporter.deb | tar -xO ./usr/bin/prometheus-nginx-exporter >$binary
dpkg-deb --fsys-tarfile /packages/new/*.deb | tar -xO ./usr/bin/nginx-exporter >$binary.new
chmod 755 $binary $binary.new
cat >/etc/systemd/system/nginx_exporter.service <<'END'
[Unit]
Description=NGINX Prometheus Exporter

[Service]
User=nginx_exporter
ExecStart=/usr/local/bin/nginx-prometheus-exporter -nginx.scrape-uri="http://127.0.0.1:8080/stub_status"

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now nginx_exporter.service
up
scrape 'nginx_http_requests_total'
mv $binary.new $binary
systemctl restart nginx_exporter.service
up
scrape 'nginx_http_requests_total'

# The documented unit of version 1 and its socket.
cat >/etc/systemd/system/nginx_exporter.socket <<'END'
[Unit]
Description=NGINX Prometheus Exporter

[Socket]
ListenStream=9113

[Install]
WantedBy=sockets.target
END
sed -i -e 's/^Description.*/&\nRequires=nginx_exporter.socket/' -e 's/ -nginx\(.*\)/ --nginx\1 --web.systemd-socket/' /etc/systemd/system/nginx_exporter.service
systemctl stop nginx_exporter.service
systemctl daemon-reload
systemctl enable nginx_exporter.socket
systemctl start nginx_exporter.service
up
is nginx-prometheus-exporter sh -c "basename \$(readlink /proc/\$(systemctl show -p MainPID --value nginx_exporter.service)/exe)"

# The package beside it cannot listen, and starts as soon as the old service has stopped.
deb new
echo 'ARGS="--nginx.scrape-uri=http://127.0.0.1:8080/stub_status --prometheus.const-label=rack=a1"' >/etc/default/nginx-exporter
await "the log to name the address" sh -c "journalctl -u nginx-exporter | grep -q 'listen tcp :9113: bind: address already in use'"
systemctl disable --now nginx_exporter.socket nginx_exporter.service
systemctl restart nginx-exporter
scrapes 'nginx_up{rack="a1"} 1$'
rm /etc/systemd/system/nginx_exporter.* $binary
dpkg -P nginx-exporter
nothing_left
