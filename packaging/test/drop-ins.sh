#!/usr/bin/env bash
# The drop-ins in /usr/share/nginx-exporter/systemd, as the README of the package says.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
unit=nginx-exporter.service
deb new
dropins=/etc/systemd/system/$unit.d

# use FILE...: these drop-ins and no others.
use() {
    rm -rf $dropins
    mkdir -p $dropins
    local file
    for file in "$@"; do
        cp "/usr/share/nginx-exporter/systemd/$file" $dropins
    done
    systemctl daemon-reload
    systemctl restart $unit
    systemd-analyze security --no-pager --threshold=15 $unit >/dev/null || fail "$*: exposed"
}

# counted: requests are counted in the access log.
counted() {
    local before
    up
    before=$(responses)
    curl -sf -o /dev/null http://127.0.0.1/
    await "a request to be counted" more "$before"
}
responses() { curl -sf http://127.0.0.1:9113/metrics | awk '/^nginx_http_responses_total/ { sum += $2 } END { print sum + 0 }'; }
more() { [ "$(responses)" -gt "$1" ]; }

# A status page on a Unix socket.
nginx-exporter snippet nginx-unix >/etc/nginx/conf.d/status.conf
systemctl restart nginx
use unix-socket.conf
up

# In a directory of a group.
rm /etc/nginx/conf.d/status.conf
install -d -o root -g www-data -m 750 /run/nginx-status
nginx-exporter snippet nginx-unix --listen=unix:/run/nginx-status/sock >/etc/nginx/conf.d/status.conf
systemctl restart nginx
use unix-socket.conf
sed -i -e 's|/run/nginx-status.sock|/run/nginx-status/sock|' -e 's/^#Supp/Supp/' $dropins/unix-socket.conf
systemctl daemon-reload
systemctl restart $unit
up

# A spool file: also after nginx has reopened its logs, and after a restart of either.
status_page
nginx-exporter snippet access-log >/etc/nginx/conf.d/00-log.conf
systemctl restart nginx
use access-log.conf
counted
nginx -s reopen
owned() { [ "$(stat -c %U:%G /var/spool/nginx-exporter/access.log)" = www-data:prometheus ]; }
await "nginx to own the spool file" owned
counted
systemctl restart nginx
counted
systemctl restart $unit
counted
systemd-tmpfiles --create nginx-exporter.conf
counted
scrapes 'nginx_exporter_log_allocated_bytes'
empty() { [ "$(du -k /var/spool/nginx-exporter/access.log | cut -f 1)" -le 4 ]; }
await "the spool file to be emptied" empty
! journalctl -u $unit | grep 'level=error' || fail "errors in the log"

# The journal.
cp /usr/share/nginx-exporter/systemd/nginx-exporter-journal.service /etc/systemd/system
sed -i -E 's/^(ProtectControlGroups|ProtectKernelTunables)=.*/\1=no/' /etc/systemd/system/nginx-exporter-journal.service # for containers
sed -i 's|^access_log .*|access_log syslog:server=unix:/dev/log,nohostname,tag=nginx_access nginx_exporter;|' /etc/nginx/conf.d/00-log.conf
systemctl daemon-reload
systemctl enable --now nginx-exporter-journal.service
systemctl restart nginx
counted
systemctl disable --now nginx-exporter-journal.service
rm /etc/systemd/system/nginx-exporter-journal.service

# Syslog messages, also after a restart of the exporter.
sed -i 's|^access_log .*|access_log syslog:server=unix:/run/nginx-exporter/syslog,nohostname,tag=nginx nginx_exporter;|' /etc/nginx/conf.d/00-log.conf
use syslog.conf
systemctl restart nginx
counted
systemctl restart $unit
counted

# The log file of Debian.
rm /etc/nginx/conf.d/00-log.conf
systemctl restart nginx
use log-file.conf
counted

# TLS and a password from files that root alone can read.
install -d -m 700 /etc/nginx-exporter
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout /etc/nginx-exporter/tls.key -out /etc/nginx-exporter/tls.crt 2>/dev/null
# The password is secret.
cat >/etc/nginx-exporter/web.yml <<'END'
tls_server_config:
  cert_file: tls.crt
  key_file: tls.key
basic_auth_users:
  prometheus: $2a$05$XWC0.0erMR4yEZVIr4KZueVqbImLiQ7gxV1G4uHK6oDP7tIhm.qZO
END
chmod 600 /etc/nginx-exporter/*
use credentials.conf
tls=(--cacert /etc/nginx-exporter/tls.crt https://localhost:9113/metrics)
is 401 curl -s -o /dev/null -w '%{http_code}' "${tls[@]}"
scrapes 'nginx_up 1$' -u prometheus:secret "${tls[@]}"
is prometheus stat -c %U "/proc/$(main_pid)"

dpkg -P nginx-exporter
rm -r $dropins /etc/nginx-exporter
systemctl daemon-reload
nothing_left
