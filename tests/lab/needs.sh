#!/bin/sh
# Say what the lab of real Debian hosts lacks on this machine: nothing and exit 0, or one line and exit 1.
# `sh needs.sh packages` prints the Debian packages it uses instead.
set -u

uses='mmdebstrap:mmdebstrap systemd-nspawn:systemd-container zstd:zstd ip:iproute2 unshare:util-linux mount:mount
losetup:mount mkfs.ext4:e2fsprogs ssh:openssh-client ssh-keygen:openssh-client sshd:openssh-server sudo:sudo'

if [ "${1:-}" = packages ]; then
    for pair in $uses; do echo "${pair#*:}"; done | sort -u
    exit 0
fi
missing=
for pair in $uses; do
    command -v "${pair%%:*}" >/dev/null || case " $missing " in
    *" ${pair#*:} "*) ;;
    *) missing="$missing ${pair#*:}" ;;
    esac
done
if [ -n "$missing" ]; then
    echo "the lab needs programs that are missing: sudo apt-get install$missing"
elif [ "$(id -u)" != 0 ]; then
    echo "the lab boots real hosts and needs root"
elif ! grep -q ' cgroup2 rw' /proc/mounts; then
    echo "the lab needs cgroup v2, mounted so that it can be written"
elif ! grep -qw overlay /proc/filesystems && ! modprobe -q overlay; then
    echo "the lab needs overlayfs in the kernel"
else
    exit 0
fi
exit 1
