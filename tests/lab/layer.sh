#!/bin/sh
# Install Debian packages over a base, so that only what they bring lies in WORK/upper.
# usage: layer.sh BASE WORK PACKAGE... (in mount and process namespaces of its own: nothing it starts or mounts is left)
set -eu
base=$1 work=$2
shift 2
root=$work/root

mount -t overlay lab-layer -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work,redirect_dir=off,metacopy=off" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
# A package's services start when a host boots, not here.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

apt() { # this machine's apt fetches, the packages are set up inside
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dir="$root" -o DPkg::Chroot-Directory="$root" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o APT::Update::Error-Mode=any -o APT::Install-Recommends=false "$@"
}
apt update
apt install "$@"
apt clean
rm -rf "$root"/var/lib/apt/lists/* "$root/usr/sbin/policy-rc.d"
