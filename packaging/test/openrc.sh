#!/usr/bin/env bash
# The apk under OpenRC, in a process namespace of its own: the commands of docs/install.md, and the service. apk itself is not available
# on Debian, so the package is unpacked.
# shellcheck source=packaging/test/lib.sh
. /tests/lib.sh
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev
mknod -m 666 /dev/null c 1 3
mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,init.d,options,scheduled,started,starting,stopping,tmp,wasinactive}
echo default >/run/openrc/softlevel # as if the machine had been booted
ip link set lo up
echo 'rc_need="!net"' >>/etc/rc.conf
systemctl() { :; } # for the report of a failure
journalctl() { :; }
service=nginx-exporter
getent passwd prometheus >/dev/null || useradd --system --user-group prometheus
mkdir -p /etc/runlevels/default

apk() {
    tar -C / --keep-directory-symlink --warning=no-unknown-keyword --exclude=.PKGINFO -xzf "${!#}"
}
export -f apk
blocks install.md openrc
cd /downloads
bash -eu /blocks/01.once
scrapes 'nginx_up 0$'
[ -L /etc/runlevels/default/$service ] || fail "the service is not started when the machine is"
rc-service $service stop

echo 'ARGS="--log.level=debug --prometheus.const-label=rack=a1"' >/etc/conf.d/$service
rc-service $service start
scrapes 'nginx_up{rack="a1"} 0$'
pid=$(pidof nginx-exporter)
is prometheus stat -c %U "/proc/$pid"
is '660 root prometheus' stat -c '%a %U %G' /var/spool/nginx-exporter/access.log
rc-service $service reload
is "$pid" pidof nginx-exporter
rc-service $service restart
scrapes 'nginx_up{rack="a1"} 0$'
[ "$(pidof nginx-exporter)" != "$pid" ] || fail "not restarted"
kill -KILL "$(pidof nginx-exporter)" # the supervisor starts it again
scrapes 'nginx_up{rack="a1"} 0$'
rc-service --ifstarted $service stop
is '' pidof nginx-exporter
