#!/bin/sh
# Make a fresh Debian tree into a lab host; run by mmdebstrap with the tree as its only argument.
set -eu
root=$1

# Two ways in, both with the lab's key (put there for every host): root, and `ops` who may use sudo without a password.
chroot "$root" useradd --create-home --shell /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
chmod 440 "$root/etc/sudoers.d/ops"

# What makes a host itself is made anew for each one.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_*

cat >"$root/etc/systemd/system/lab-net.service" <<'UNIT'
[Unit]
Description=The lab's network
DefaultDependencies=no
Before=network.target ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/lab-net
ExecStart=/bin/sh -c 'ip addr add $ADDRESS/24 dev host0; ip link set lo up; ip link set host0 up; ip route add default via $GATEWAY'

[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl --quiet enable lab-net.service ssh.service
# Nothing that would look for a network, a clock or updates the lab does not have.
chroot "$root" systemctl --quiet mask systemd-networkd.service systemd-resolved.service systemd-timesyncd.service \
    apt-daily.timer apt-daily-upgrade.timer
: >"$root/etc/resolv.conf"
# Layers of packages hold over this very tree only.
cat /proc/sys/kernel/random/uuid >"$root/etc/lab-image"
