#!/bin/sh
# Be the power supply of one lab host: run it until it is switched off; a reboot starts it again.
# usage: power.sh CGROUP DIRECTORY MACHINE HOSTNAME BRIDGE (in a mount namespace of its own)
set -eu
cgroup=$1 directory=$2 machine=$3 hostname=$4 bridge=$5

echo $$ >"$cgroup/cgroup.procs"
# systemd in the host wants cgroup v2 alone; this machine's own mount is not touched.
if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
while :; do
    systemd-nspawn --quiet --boot --directory="$directory/root" --machine="$machine" --hostname="$hostname" \
        --register=no --keep-unit --network-bridge="$bridge" --resolv-conf=off --console=pipe \
        </dev/null >>"$directory/console.log" 2>&1 &
    echo $! >"$directory/pid.new"
    mv "$directory/pid.new" "$directory/pid"
    ended=0
    wait $! || ended=$?
    [ "$ended" = 133 ] || exit "$ended" # 133: the host asked for a reboot
done
