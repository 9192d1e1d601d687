#!/usr/bin/env bash
# Readiness, socket activation and watchdog under systemd.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
unit=nginx-exporter.service
deb new

# systemctl start returns when the exporter listens, even if nginx does not run.
systemctl stop $unit nginx
for _ in {1..10}; do
    systemctl restart $unit
    systemctl reset-failed $unit # only so many starts are allowed in ten seconds
    curl -sf -o /dev/null http://127.0.0.1:9113/metrics || fail "it does not listen after systemctl restart"
done
systemctl start nginx
up

# A reload waits for its end, and a configuration that is not valid changes nothing.
mkdir /etc/nginx-exporter
echo 'targets: [{uri: "http://127.0.0.1:8080/stub_status", labels: {rack: a1}}]' >/etc/nginx-exporter/exporter.yml
echo 'ARGS="--config.file=/etc/nginx-exporter/exporter.yml"' >/etc/default/nginx-exporter
systemctl restart $unit
scrapes 'nginx_up{.*rack="a1".*} 1$'
before=$(main_pid)
echo 'targets: [' >/etc/nginx-exporter/exporter.yml
systemctl reload $unit
await "the log to have the error" sh -c "journalctl -u $unit | grep -q 'Reloading the configuration failed'"
is active systemctl is-active $unit
is "$before" main_pid
echo 'ARGS=""' >/etc/default/nginx-exporter

# With the socket, the first scrape starts the service.
systemctl disable --now $unit
systemctl enable --now nginx-exporter.socket
is inactive systemctl is-active $unit
up
is active systemctl is-active $unit
systemctl stop $unit
up
before=$(main_pid)
deb next
[ "$(main_pid)" != "$before" ] || fail "the upgrade did not restart the service of the socket"
up
systemctl disable --now nginx-exporter.socket
systemctl enable --now $unit
up

# A process that hangs is restarted.
mkdir -p /run/systemd/system/$unit.d
printf '[Service]\nWatchdogSec=3s\n' >/run/systemd/system/$unit.d/watchdog.conf
systemctl daemon-reload
systemctl restart $unit
before=$(main_pid)
up
kill -STOP "$before"
await "systemd to notice the hang" sh -c "journalctl -u $unit | grep -q 'Watchdog timeout'"
await "systemd to restart the service" sh -c "! kill -0 $before"
up
is active systemctl is-active $unit
await "the log to have the goroutines" sh -c "journalctl -u $unit | grep -q 'goroutine 1'"
dpkg -P nginx-exporter
rm -r /etc/nginx-exporter /run/systemd/system/$unit.d
systemctl daemon-reload
nothing_left
