#!/bin/sh
# Find restic 0.17 or newer, or fetch Debian 13's package without root, and print the program's path.
#
#   get-restic.sh [DIRECTORY [PROGRAM]]   DIRECTORY (default .tools) receives the fetched program; PROGRAM is restic,
#                                         or restic-rest-server (0.11 or newer), a server that holds repositories
#
# Looked at in this order: HOLDFAST_RESTIC, `restic` on the PATH, DIRECTORY/restic, the Debian package
# (for the server HOLDFAST_REST_SERVER, and so on).
# The package comes from the mirror this machine's own apt sources name; apt checks its signature with Debian's
# keyring. Everything apt writes lies in a temporary directory: the machine's sources, lists and cache stay as they are.
# Exit codes: 0 found, 2 something is missing (named, with the command that gets it), 3 it could not be fetched.
set -eu
umask 022

directory=${1:-.tools}
program=${2:-restic}
suite=trixie
keyrings='/usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp'

fail() { # CODE MESSAGE HINT
    printf 'error: %s\nhint: %s\n' "$2" "$3" >&2
    exit "$1"
}

case $program in
restic) oldest=17 says=restic asking=version setting=HOLDFAST_RESTIC chosen=${HOLDFAST_RESTIC:-} ;;
restic-rest-server) oldest=11 says=rest-server asking=--version setting=HOLDFAST_REST_SERVER chosen=${HOLDFAST_REST_SERVER:-} ;;
*) fail 2 "$program is neither restic nor restic-rest-server" "sh $0 DIRECTORY restic-rest-server" ;;
esac
needed="$program 0.$oldest or newer"

version_of() { # PROGRAM: print its version, or nothing
    "$1" $asking 2>/dev/null | sed -n "1s/^.*$says \\([0-9][0-9.]*\\).*/\\1/p"
}

is_new_enough() { # PROGRAM: is it the program asked for, and new enough?
    found=$(version_of "$1") || return 1
    major=${found%%.*}
    rest=${found#*.}
    minor=${rest%%.*}
    [ -n "$major" ] && { [ "$major" -gt 0 ] || [ "$minor" -ge "$oldest" ]; }
}

use() { # PROGRAM: it is the one; print it and end
    printf '%s\n' "$1"
    exit 0
}

need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 || fail 2 "$1 is missing, so Debian's $program package cannot be fetched here" \
        "on Debian: sudo apt-get install $2; elsewhere install $needed and set $setting to its path"
}

debian_mirrors() { # print the Debian archives this machine's apt sources name, in whatever format; asks no network
    apt-get -c "$work/apt.conf" --print-uris update 2>/dev/null |
        sed -n "s#^'\(.*\)/dists/[^']*/InRelease'.*#\1#p" |
        sed -n -e '/security/d' -e '/^cdrom:/d' -e '/debian/p' | awk '!seen[$0]++'
}

fetch_from() { # MIRROR KEYRING: leave the package in $work/package
    rm -rf "$work/lists" "$work/sources"
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/sources" "$work/package"
    [ "$(id -u)" != 0 ] || chown _apt "$work/package" 2>/dev/null || true # apt run by root downloads as the user _apt
    (umask 077 && cat >"$work/sources/debian.sources") <<-END
		Types: deb
		URIs: $1
		Suites: $suite
		Components: main
		Architectures: $(dpkg --print-architecture)
		Targets: Packages
		Signed-By: $2
	END
    set -- -q -c "$work/apt.conf" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
    apt-get "$@" update >&2 && (cd "$work/package" && apt-get "$@" download "$program" >&2)
}

if [ -n "$chosen" ]; then
    is_new_enough "$chosen" && use "$chosen"
    fail 2 "$setting names $chosen, which is not $needed" \
        "set it to the path of $needed, or unset it to have Debian's package fetched"
fi
system=$(command -v "$program" 2>/dev/null || true)
[ -n "$system" ] && is_new_enough "$system" && use "$system"
[ -x "$directory/$program" ] && is_new_enough "$directory/$program" && use "$directory/$program"

need apt-get apt
need dpkg dpkg
need dpkg-deb dpkg
keyring=
for candidate in $keyrings; do
    [ -r "$candidate" ] && keyring=$candidate && break
done
[ -n "$keyring" ] || fail 2 "Debian's archive keyring is missing, so the package's signature cannot be checked" \
    "sudo apt-get install debian-archive-keyring"
mkdir -p "$directory" 2>/dev/null && [ -w "$directory" ] ||
    fail 2 "the directory $directory cannot be written" "name another: sh $0 DIRECTORY"
work=$(mktemp -d)
trap 'rm -rf "$work" "$directory/.$program.new"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$work"

# The machine's own hooks are for its own lists and cache; they are not run for ours.
cat >"$work/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$work/lists";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
END
mirrors=$(debian_mirrors)
[ -n "$mirrors" ] || fail 2 "this machine's apt sources name no Debian archive to fetch $program from" \
    "add one under /etc/apt/sources.list.d, or install $needed and set $setting to its path"

printf 'fetching %s from Debian %s (needed once)\n' "$program" "$suite" >&2
fetched=
for mirror in $mirrors; do
    fetch_from "$mirror" "$keyring" && fetched=yes && break
done
[ -n "$fetched" ] || fail 3 "Debian's $program package could not be fetched; apt says why above" \
    "check the network and run the command again, or install $needed and set $setting to its path"

dpkg-deb -x "$work/package/$program"_*.deb "$work/unpacked"
cp "$work/unpacked/usr/bin/$program" "$directory/.$program.new"
is_new_enough "$directory/.$program.new" ||
    fail 3 "the fetched $program does not run here, or is older than 0.$oldest" \
        "install $needed and set $setting to its path"
mv "$directory/.$program.new" "$directory/$program"
use "$directory/$program"
