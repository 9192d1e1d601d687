#!/usr/bin/env bash
# From Debian's prometheus-nginx-exporter to the package, in one call of dpkg.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
old=prometheus-nginx-exporter

# With settings.
dpkg -i /packages/$old.deb
sed -i 's|^ARGS=.*|ARGS="-nginx.scrape-uri http://127.0.0.1:8080/stub_status -nginx.timeout 3s \\\n  -prometheus.const-labels=rack=a1"\nTELEMETRY_PATH=/m|' /etc/default/$old
systemctl restart $old
scrapes 'nginx_up{rack="a1"} 1$' http://127.0.0.1:9113/m
deb new
is active systemctl is-active nginx-exporter.service
scrapes 'nginx_up{rack="a1"} 1$' http://127.0.0.1:9113/m
is nginx-exporter sh -c "basename \$(readlink /proc/$(main_pid)/exe)"
before=$(main_pid)
systemctl restart $old.service # the habit of years
[ "$(main_pid)" != "$before" ] || fail "systemctl restart $old does not restart the service"
scrapes 'nginx_up{rack="a1"} 1$' http://127.0.0.1:9113/m
dpkg -P $old
systemctl restart nginx-exporter
scrapes 'nginx_up{rack="a1"} 1$' http://127.0.0.1:9113/m
deb next
scrapes 'nginx_up{rack="a1"} 1$' http://127.0.0.1:9113/m
dpkg -P nginx-exporter
nothing_left

# Without settings, the defaults file is the one of the package.
dpkg -i /packages/$old.deb
deb new
up
is '' dpkg --verify nginx-exporter
dpkg -P nginx-exporter $old
nothing_left

# A service that was disabled stays so.
dpkg -i /packages/$old.deb
systemctl disable --now $old
deb new
is inactive systemctl is-active nginx-exporter.service
is disabled systemctl is-enabled nginx-exporter.service
deb next
is inactive systemctl is-active nginx-exporter.service
is disabled systemctl is-enabled nginx-exporter.service
dpkg -P nginx-exporter $old
nothing_left
