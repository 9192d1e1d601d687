#!/usr/bin/env bash
# The life of the Debian package: install, edit, upgrade, reinstall, disable, remove, purge.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
unit=nginx-exporter.service

deb new
is active systemctl is-active $unit
is enabled systemctl is-enabled $unit
up
is prometheus stat -c %U "/proc/$(main_pid)"
is 'prometheus:x' sh -c 'getent passwd prometheus | cut -d: -f1,2'
is '660 root prometheus' stat -c '%a %U %G' /var/spool/nginx-exporter/access.log
is '' sh -c "systemctl show -p CapabilityBoundingSet --value $unit"
is '0000000000000000' sh -c "sed -n 's/^CapEff:\s*//p' /proc/$(main_pid)/status"
is '2' sh -c "sed -n 's/^Seccomp:\s*//p' /proc/$(main_pid)/status"
man -w nginx-exporter >/dev/null
is nothing sh -c 'systemctl --failed --plain --no-legend | grep -v "^systemd-" || echo nothing'

# ARGS are split into words, and survive an upgrade, which restarts the service with the new program.
echo 'ARGS="--log.level=debug --prometheus.const-label=rack=a1"' >/etc/default/nginx-exporter
systemctl restart $unit
scrapes 'nginx_up{rack="a1"} 1$'
before=$(main_pid)
deb next
[ "$(main_pid)" != "$before" ] || fail "the upgrade did not restart the service"
scrapes 'nginx_up{rack="a1"} 1$'
scrapes 'nginx_exporter_build_info{.*version="9.9.9"'
is --log.level=debug sh -c "sed -n 's/^ARGS=\"\([^ ]*\).*/\1/p' /etc/default/nginx-exporter"

# A reload is no restart.
before=$(main_pid)
systemctl reload $unit
is "$before" main_pid
await "the log to have the reload" sh -c "journalctl -u $unit | grep -q 'Nothing to reload: --config.file is not set'"

# What the administrator disabled, stopped or masked stays so.
systemctl disable --now $unit
deb new
is inactive systemctl is-active $unit
is disabled systemctl is-enabled $unit
systemctl mask $unit
deb next
is inactive systemctl is-active $unit
systemctl unmask $unit
systemctl enable --now $unit
scrapes 'nginx_up{rack="a1"} 1$'

# Removing keeps the settings.
dpkg -r nginx-exporter
is inactive systemctl is-active $unit
absent /usr/bin/nginx-exporter
[ -e /etc/default/nginx-exporter ] || fail "removing lost the settings"
deb new
scrapes 'nginx_up{rack="a1"} 1$'

# Purging removes everything but the user, unless nginx would not start any more.
echo 'access_log /var/spool/nginx-exporter/access.log;' >/etc/nginx/conf.d/log.conf
dpkg -P nginx-exporter
[ -e /var/spool/nginx-exporter ] || fail "purging removed a directory that nginx logs to"
nginx -t
rm /etc/nginx/conf.d/log.conf
deb new
dpkg -P nginx-exporter
nothing_left
getent passwd prometheus >/dev/null || fail "purging removed the user"
is inactive systemctl is-active $unit
