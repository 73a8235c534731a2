"""The texts that `holdfast setup` puts in place: the launcher, sudo's rules, the units of `holdfast watch`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_MARK = "Written by `holdfast setup`; `holdfast uninstall` removes it."
_WATCH_MARK = "Written by `holdfast setup` or `holdfast watch install`; `holdfast watch remove` removes it."
UNITS_BEGIN = "holdfast-watch"
WATCH, LOOK, TIMER = (f"{UNITS_BEGIN}{rest}" for rest in (".service", "-look.service", "-look.timer"))
UNITS = Path("/etc/systemd/system")
WATCH_FILE = UNITS / WATCH
SIGNS = "watch"
"""The folder of the state directory with the watch's signs of life."""


def rules(site: Path, sudoers: str) -> str:
    """Return sudo's rules with their heading."""
    return f"# {_MARK}\n# From {site}/people.yml: change that, then run `holdfast setup` again.\n{sudoers}"


def launcher(place: Path, python: Path, user: str, home: Path) -> str:
    """Return the script that runs Holdfast as its user with nothing of the caller's surroundings."""
    return f"""#!/bin/sh
# {_MARK}
# Runs Holdfast as the user it belongs to, with nothing of the caller's surroundings.
case "$(/usr/bin/id -un)" in
{user}) ;;
root)
  case "${{1-}} ${{2-}}" in
  "setup "* | "uninstall "* | "watch install" | "watch remove") ;;
  *) exec /usr/sbin/runuser -u {user} -- {place} "$@" ;;
  esac ;;
*)
  if ! /usr/bin/sudo -n -l -u {user} -- {place} "$@" >/dev/null 2>&1; then
    echo "error: sudo's rules do not let you run this here: holdfast ${{1-}} ${{2-}}" >&2
    echo "hint: see what you may with: holdfast whoami; what your roles may has changed: sudo holdfast setup" >&2
    exit 4
  fi
  exec /usr/bin/sudo -n -u {user} -- {place} "$@" ;;
esac
exec /usr/bin/env -i LANG=C.UTF-8 \\
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{python.parent} \\
  HOME={home} TERM="${{TERM-dumb}}" ${{COLUMNS:+COLUMNS="$COLUMNS"}} ${{SUDO_USER:+SUDO_USER="$SUDO_USER"}} \\
  ${{SUDO_UID:+SUDO_UID="$SUDO_UID"}} \\
  {python} -I -m cli.app "$@"
"""


def unit(place: Path, user: str, home: Path, writes: Sequence[Path]) -> str:
    """Return the unit that keeps `holdfast watch` running; beside its home it may write only `writes`."""
    return f"""# {_WATCH_MARK}
[Unit]
Description=Holdfast: due copies, detection, clocks of incidents, notices
After=network-online.target time-sync.target
Wants=network-online.target

[Service]
ExecStart={place} watch
Restart=always
RestartSec=10
KillMode=mixed
TimeoutStopSec=60
SuccessExitStatus=130
{_confined(user, home, writes)}
[Install]
WantedBy=multi-user.target
"""


def look(place: Path, user: str, home: Path) -> str:
    """Return the unit that looks once whether the watch runs; `timer` says when."""
    return f"""# {_WATCH_MARK}
[Unit]
Description=Holdfast: does the watch run?
After={WATCH}

[Service]
Type=oneshot
ExecStart={place} watch look
TimeoutStartSec=10min
{_confined(user, home, ())}"""


def timer() -> str:
    """Return the timer of the look: every five minutes, and soon after a start of the machine."""
    return f"""# {_WATCH_MARK}
[Unit]
Description=Holdfast: look every five minutes whether the watch runs

[Timer]
OnCalendar=*:0/5
AccuracySec=30s
Persistent=true

[Install]
WantedBy=timers.target
"""


def _confined(user: str, home: Path, writes: Sequence[Path]) -> str:
    """Return the lines that leave a service its user's rights and nothing more."""
    places = " ".join(_escaped(path) for path in (home, *writes))
    return f"""User={user}
WorkingDirectory={home}
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths={places}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def _escaped(path: Path) -> str:
    """Write a path the way systemd reads it as one word."""
    plain = "-" + str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if plain != f"-{path}" or " " in plain else plain
