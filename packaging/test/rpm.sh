#!/usr/bin/env bash
# The life of the rpm, with dnf and rpm on a Debian.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
status_page
unit=nginx-exporter.service
rpm_system

dnf -y install /packages/new/*.rpm
is prometheus sh -c 'getent passwd prometheus | cut -d: -f1'
is '660 root prometheus' stat -c '%a %U %G' /var/spool/nginx-exporter/access.log
is '' rpm -V nginx-exporter
systemctl enable --now $unit # Debian's preset has done so, that of Fedora does not
up
echo 'ARGS="--prometheus.const-label=rack=a1"' >/etc/sysconfig/nginx-exporter
systemctl restart $unit
scrapes 'nginx_up{rack="a1"} 1$'

# An upgrade keeps the settings, and restarts the service last.
before=$(main_pid)
dnf -y upgrade /packages/next/*.rpm
[ "$(main_pid)" != "$before" ] || fail "the upgrade did not restart the service"
scrapes 'nginx_up{rack="a1"} 1$'
scrapes 'nginx_exporter_build_info{.*version="9.9.9"'
is enabled systemctl is-enabled $unit

# A service that is stopped and disabled stays so.
systemctl disable --now $unit
dnf -y downgrade /packages/new/*.rpm
is inactive systemctl is-active $unit
is disabled systemctl is-enabled $unit
systemctl enable --now $unit
up_again='nginx_up{rack="a1"} 1$'
scrapes "$up_again"

dnf -y remove nginx-exporter
is inactive systemctl is-active $unit
is 'ARGS="--prometheus.const-label=rack=a1"' cat /etc/sysconfig/nginx-exporter.rpmsave
rm /etc/sysconfig/nginx-exporter.rpmsave
nothing_left
