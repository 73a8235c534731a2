#!/usr/bin/python
"""Read a host's security settings in one round trip; change nothing.

Only the Python standard library is used. What is not a plain value is one of three marks:

    {"unknown": reason}          it is there but could not be read: no verdict is possible
    {"absent": reason}           it was looked for and is not there
    {"not_applicable": reason}   the question makes no sense on this host
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: holdfast_collect
short_description: Read a host's security settings
description:
  - Returns one JSON document of effective settings. Never changes anything, also outside check mode.
options:
  root:
    description: Where the host's file system begins; empty for a real host.
    type: str
    default: ""
  deep:
    description: Also walk C(/etc) for files that everybody may write.
    type: bool
    default: true
author: Holdfast
"""

EXAMPLES = r"""
- name: Read the settings of this host
  holdfast_collect:
  register: collected
"""

RETURN = r"""
facts:
  description: Settings by section (sshd, sysctl, files, accounts, login_defs, sudo, services, network, mounts, system).
  returned: always
  type: dict
"""

import fnmatch
import glob
import grp
import os
import pwd
import re
import stat
import subprocess

from ansible.module_utils.basic import AnsibleModule

LONGEST_FILE = 1000000
MOST_FILES_WALKED = 20000
MOST_NAMED = 50
COMMAND_SECONDS = 10

FILES = (
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/group",
    "/etc/group-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ssh/sshd_config",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/var/log/auth.log",
    "/var/log/secure",
)

# What the roles write beside FILES and the host keys.
WRITTEN = ("/etc/login.defs", "/etc/ssh/sshd_config.d", "/etc/ssh/sshd_config.d/00-holdfast.conf")

SYSCTLS = (
    "fs.protected_fifos",
    "fs.protected_hardlinks",
    "fs.protected_regular",
    "fs.protected_symlinks",
    "fs.suid_dumpable",
    "kernel.dmesg_restrict",
    "kernel.kptr_restrict",
    "kernel.randomize_va_space",
    "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.all.log_martians",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.secure_redirects",
    "net.ipv4.conf.all.send_redirects",
    "net.ipv4.conf.default.accept_redirects",
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "net.ipv4.ip_forward",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.accept_redirects",
    "net.ipv6.conf.all.accept_source_route",
)

# What sshd does when its configuration says nothing.
# Source: the sshd_config(5) manual page of OpenSSH 9.2 (2023), the version of Debian 12.
SSHD_DEFAULTS = {
    "allowagentforwarding": "yes",
    "allowtcpforwarding": "yes",
    "ciphers": "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com",
    "clientalivecountmax": "3",
    "clientaliveinterval": "0",
    "gatewayports": "no",
    "hostbasedauthentication": "no",
    "ignorerhosts": "yes",
    "kbdinteractiveauthentication": "yes",
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,"
    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256",
    "logingracetime": "120",
    "loglevel": "INFO",
    "macs": "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    "maxauthtries": "6",
    "maxsessions": "10",
    "passwordauthentication": "yes",
    "permitemptypasswords": "no",
    "permitrootlogin": "prohibit-password",
    "permittunnel": "no",
    "permituserenvironment": "no",
    "pubkeyauthentication": "yes",
    "strictmodes": "yes",
    "x11forwarding": "no",
}
SSHD_NUMBERS = ("clientalivecountmax", "clientaliveinterval", "logingracetime", "maxauthtries", "maxsessions")
SSHD_LISTS = ("ciphers", "kexalgorithms", "macs")
SSHD_OLD_NAMES = {"challengeresponseauthentication": "kbdinteractiveauthentication", "without-password": "prohibit-password"}

LOGIN_NUMBERS = ("PASS_MAX_DAYS", "PASS_MIN_DAYS", "PASS_WARN_AGE", "LOGIN_RETRIES", "LOGIN_TIMEOUT")
LOGIN_WORDS = ("UMASK", "ENCRYPT_METHOD")

HASHES = {"1": "md5", "2a": "bcrypt", "2b": "bcrypt", "2y": "bcrypt", "5": "sha256", "6": "sha512", "7": "scrypt",
          "gy": "gost-yescrypt", "y": "yescrypt"}


class Host:
    """The file system of the host, seen from `root`; what it cannot read it says."""

    def __init__(self, root):
        self.root = root.rstrip("/")
        self.is_directory = bool(self.root)

    def path(self, path):
        return self.root + path

    def way_out(self, path):
        """Return the first part of a path that leads out of a directory host (a link), or None."""
        top, part = os.path.realpath(self.root), ""
        for name in path.strip("/").split("/") if self.is_directory else ():
            part += "/" + name
            if not (os.path.realpath(self.path(part)) + "/").startswith(top + "/"):
                return part
        return None

    def outside(self, path):
        """Return a mark when a path leads out of a directory host: what lies there is not the host's."""
        part = self.way_out(path)
        return None if part is None else unknown("%s: a link that leads out of the host's directory" % part)

    def read(self, path):
        """Return (text, None), or (None, mark)."""
        if self.outside(path) is not None:
            return None, self.outside(path)
        try:
            if not stat.S_ISREG(os.stat(self.path(path)).st_mode):
                return None, unknown("%s is not an ordinary file" % path)
            with open(self.path(path), "rb") as stream:
                content = stream.read(LONGEST_FILE + 1)
        except OSError as error:
            return None, mark(path, error)
        if len(content) > LONGEST_FILE:
            return None, unknown("%s is larger than %d bytes" % (path, LONGEST_FILE))
        return content.decode("utf-8", "replace"), None

    def names(self, pattern):
        """Return paths of the host that match a pattern, sorted."""
        found = glob.glob(glob.escape(self.root) + pattern)
        return sorted(path[len(self.root):] for path in found)[:MOST_FILES_WALKED]

    def real_only(self):
        """Return a mark when the host is only a directory, else None."""
        if self.is_directory:
            return {"not_applicable": "this host is a directory; it has no kernel or services of its own"}
        return None


def unknown(why):
    return {"unknown": "unreadable: " + why}


def mark(path, error):
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return {"absent": "%s is not there" % path}
    return unknown("%s: %s" % (path, (error.strerror or str(error)).lower()))


def owner(number, table, kind):
    try:
        return getattr(table(number), kind)
    except (KeyError, OverflowError):
        return str(number)


def one_file(host, path):
    if host.outside(path) is not None:
        return host.outside(path)
    try:
        found = os.stat(host.path(path))
    except OSError as error:
        return mark(path, error)
    facts = {"mode": "%04o" % stat.S_IMODE(found.st_mode)}
    if host.is_directory:
        facts["owner"] = {"not_applicable": "files of a directory host belong to whoever made the directory"}
    else:
        facts["owner"] = owner(found.st_uid, pwd.getpwuid, "pw_name")
        facts["group"] = owner(found.st_gid, grp.getgrgid, "gr_name")
    return facts


def files(host):
    facts = dict((path, one_file(host, path)) for path in FILES)
    keys = dict((path, one_file(host, path)) for path in host.names("/etc/ssh/ssh_host_*_key"))
    if not keys:
        directory = one_file(host, "/etc/ssh")
        readable = "mode" in directory
        facts["ssh host keys"] = {"absent": "there are no SSH host keys"} if readable else directory
        return facts
    facts.update(keys)
    unread = [value for value in keys.values() if "mode" not in value]
    widest = 0
    for value in keys.values():
        widest |= int(value.get("mode", "0"), 8)
    facts["ssh host keys"] = unread[0] if unread else {"mode": "%04o" % widest}
    return facts


def outside(host):
    """Return what must be left alone: the paths the roles change that lead out of the host, each with its link."""
    paths = FILES + WRITTEN + tuple(host.names("/etc/ssh/ssh_host_*_key"))
    found = dict((path, host.way_out(path)) for path in paths)
    return dict((path, link) for path, link in found.items() if link is not None)


def world_writable(host):
    """Return the files below /etc everybody may write, or a mark when not all could be looked at."""
    found, seen, unread = [], 0, []
    top = host.path("/etc")
    if host.outside("/etc") is not None:
        return host.outside("/etc")
    if not os.path.isdir(top):
        return {"absent": "/etc is not there"}
    for folder, folders, names in os.walk(top, onerror=unread.append):
        for name in names + folders:
            seen += 1
            try:
                mode = os.lstat(os.path.join(folder, name)).st_mode
            except OSError as error:
                unread.append(error)
                continue
            sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
            if mode & stat.S_IWOTH and not stat.S_ISLNK(mode) and not sticky:
                found.append(os.path.join(folder, name)[len(host.root):])
        if seen > MOST_FILES_WALKED:
            unread.append(OSError("more than %d files" % MOST_FILES_WALKED))
            break
    if unread and not found:
        return unknown("/etc could not be walked to its end: %s" % unread[0])
    return sorted(found)[:MOST_NAMED]


# --- sshd ---------------------------------------------------------------------------------------------


def sshd(host):
    text, problem = host.read("/etc/ssh/sshd_config")
    if problem is not None and "absent" in problem:
        return {"not_applicable": "no /etc/ssh/sshd_config on this host"}
    if problem is not None:
        return problem
    parser = SshdFiles(host)
    parser.lines(text, "/etc/ssh/sshd_config", 0)
    settings, how = effective_sshd(host), "effective"
    if settings is None:
        if parser.unread:
            return parser.unread[0]
        settings, how = parser.settings, "file"
    facts = {
        "how": how,
        "drop_ins_first": parser.first == ("include", "/etc/ssh/sshd_config.d/*.conf"),
        "match_keywords": sorted(parser.match_keywords),
    }
    if parser.unread:
        facts["match_keywords"] = parser.unread[0]
    for keyword, default in SSHD_DEFAULTS.items():
        facts[keyword] = sshd_value(keyword, settings.get(keyword, default))
    return facts


def sshd_value(keyword, text):
    if keyword in SSHD_LISTS:
        return algorithms(text, SSHD_DEFAULTS[keyword])
    if keyword == "logingracetime":
        text = seconds(text)
    if keyword in SSHD_NUMBERS:
        return int(text) if re.match(r"^\d+$", str(text)) else unknown("sshd's %s is not a number" % keyword)
    if keyword == "loglevel":
        return text.upper()
    return SSHD_OLD_NAMES.get(text.lower(), text.lower())


def seconds(text):
    """Return the seconds of sshd's own time form (1h30m), or the text itself when it is not one."""
    if not re.match(r"^(\d+[smhdw]?)+$", str(text).lower()):
        return text
    sizes = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return sum(int(count) * sizes[unit] for count, unit in re.findall(r"(\d+)([smhdw]?)", text.lower()))


def algorithms(text, default):
    """Return the list an algorithm setting stands for: +add, -remove (patterns), ^first, or itself."""
    given = [name for name in text[1:].split(",") if name] if text[:1] in "+-^" else text.split(",")
    usual = default.split(",")
    if text[:1] == "+":
        return usual + [name for name in given if name not in usual]
    if text[:1] == "-":
        return [name for name in usual if not any(fnmatch.fnmatchcase(name, pattern) for pattern in given)]
    if text[:1] == "^":
        return given + [name for name in usual if name not in given]
    return given


def effective_sshd(host):
    """Return what `sshd -T` says, or None where it cannot be asked (a directory, no sshd, not root)."""
    program = next((path for path in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if os.path.exists(path)), None)
    if host.is_directory or program is None or os.geteuid() != 0:
        return None
    try:
        process = subprocess.Popen(
            [program, "-T", "-C", "user=nobody,host=localhost,addr=127.0.0.1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        output = process.communicate(timeout=COMMAND_SECONDS)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
    except OSError:
        return None
    settings = {}
    for line in output.splitlines():
        keyword, _, value = line.strip().partition(" ")
        settings.setdefault(keyword.lower(), value)
    return settings if process.returncode == 0 and settings else None


class SshdFiles:
    """sshd_config and what it includes: the first value of a keyword wins, Match blocks are set apart."""

    def __init__(self, host):
        self.host = host
        self.settings = {}
        self.match_keywords = set()
        self.unread = []
        self.files = 0
        self.first = None

    def lines(self, text, path, depth, matched=False):
        for line in text.splitlines():
            found = re.match(r'^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*$', line)
            if found is None:
                continue
            keyword = found.group(1).lower()
            value = unquoted(found.group(2))
            if self.first is None:
                self.first = (keyword, value)
            if keyword == "include":
                self.include(value, path, depth, matched)
            elif keyword == "match":
                matched = True
            elif matched:
                self.match_keywords.add(SSHD_OLD_NAMES.get(keyword, keyword))
            else:
                self.settings.setdefault(SSHD_OLD_NAMES.get(keyword, keyword), value)

    def include(self, value, path, depth, matched):
        if depth >= 16 or self.files > 500:
            self.unread.append(unknown("%s includes too many files" % path))
            return
        for pattern in value.split():
            absolute = pattern if pattern.startswith("/") else "/etc/ssh/" + pattern
            for name in self.host.names(absolute):
                self.files += 1
                text, problem = self.host.read(name)
                if problem is None:
                    self.lines(text, name, depth + 1, matched)
                elif "absent" not in problem:
                    self.unread.append(problem)


def unquoted(text):
    """Drop a trailing comment and quotes around the value."""
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    return re.sub(r"\s+#.*$", "", text)


# --- accounts, login.defs, sudo -------------------------------------------------------------------------


def accounts(host):
    facts = {}
    text, problem = host.read("/etc/passwd")
    if problem is not None:
        for name in ("uid_0", "doubled_uids", "system_shells", "old_entries"):
            facts[name] = problem
    else:
        facts.update(passwd(text))
    text, problem = host.read("/etc/shadow")
    if problem is not None:
        facts["empty_passwords"] = facts["password_hashes"] = problem
    else:
        facts.update(shadow(text))
    return facts


def passwd(text):
    rows = [line.split(":") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [row for row in rows if len(row) == 7]
    numbers = [row[2] for row in rows]
    shells = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync", "")
    system = [row[0] for row in rows if row[2].isdigit() and 0 < int(row[2]) < 1000 and row[6] not in shells]
    return {
        "uid_0": sorted(row[0] for row in rows if row[2] == "0")[:MOST_NAMED],
        "doubled_uids": sorted(set(number for number in numbers if numbers.count(number) > 1))[:MOST_NAMED],
        "system_shells": sorted(system)[:MOST_NAMED],
        "old_entries": sorted(line for line in text.splitlines() if line.startswith("+"))[:MOST_NAMED],
    }


def shadow(text):
    """Return who has an empty password and which algorithms are in use; never a hash itself."""
    empty, kinds = [], set()
    for line in text.splitlines():
        row = line.split(":")
        if len(row) < 2 or not row[0] or line.startswith("#"):
            continue
        if row[1] == "":
            empty.append(row[0])
        found = re.match(r"^!*\$([a-z0-9]+)\$", row[1])
        if found is not None:
            kinds.add(HASHES.get(found.group(1), "unknown"))
        elif row[1].strip("!*"):
            kinds.add("des or plain")
    return {"empty_passwords": sorted(empty)[:MOST_NAMED], "password_hashes": sorted(kinds)}


def login_defs(host):
    text, problem = host.read("/etc/login.defs")
    if problem is not None:
        return {"not_applicable": "no /etc/login.defs on this host"} if "absent" in problem else problem
    written = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 2 and not parts[0].startswith("#"):
            written[parts[0]] = parts[1]  # the last one wins, as in shadow's own reader
    facts = {}
    for name in LOGIN_NUMBERS + LOGIN_WORDS:
        value = written.get(name)
        if value is None:
            facts[name] = {"absent": "%s is not set" % name}
        elif name in LOGIN_NUMBERS:
            facts[name] = int(value) if re.match(r"^-?\d{1,9}$", value) else unknown("%s is not a number" % name)
        else:
            facts[name] = value.upper()
    return facts


def sudo(host):
    text, problem = host.read("/etc/sudoers")
    if problem is not None and "absent" in problem:
        return {"not_applicable": "no /etc/sudoers on this host"}
    if problem is not None:
        return problem
    texts = [text]
    for name in host.names("/etc/sudoers.d/*"):
        if "." in os.path.basename(name) or name.endswith("~"):
            continue  # sudo skips these names too
        text, problem = host.read(name)
        if problem is not None:
            return problem
        texts.append(text)
    lines = "\n".join(texts).replace("\\\n", " ").splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {
        "nopasswd": sorted(set(rule.split()[0] for rule in rules if "NOPASSWD" in rule))[:MOST_NAMED],
        "no_authenticate": sorted(rule for rule in rules if re.match(r"^Defaults.*!authenticate", rule))[:MOST_NAMED],
        "settings": sorted(set(word for rule in rules if rule.startswith("Defaults")
                               for word in re.findall(r"[a-z_!]+", rule.partition(" ")[2])))[:MOST_NAMED],
    }


# --- kernel, services, network, mounts --------------------------------------------------------------------


def sysctl(host):
    problem = host.real_only()
    if problem is not None:
        return problem
    facts = {}
    for name in SYSCTLS:
        try:
            with open("/proc/sys/" + name.replace(".", "/")) as stream:
                text = stream.read(1000).strip()
            facts[name] = int(text) if re.match(r"^-?\d+$", text) else text
        except FileNotFoundError:
            facts[name] = {"absent": "this kernel has no %s" % name}
        except OSError as error:
            facts[name] = unknown("%s: %s" % (name, error.strerror.lower()))
    return facts


def services(host):
    if host.outside("/etc/systemd/system") is not None:
        return {"enabled": host.outside("/etc/systemd/system")}
    if not os.path.isdir(host.path("/etc/systemd/system")):
        problem = {"not_applicable": "no systemd on this host"}
        return {"enabled": problem}
    paths = host.names("/etc/systemd/system/*.wants/*")  # links themselves, to units that may lie anywhere
    problems = [host.outside(folder) for folder in sorted(set(os.path.dirname(path) for path in paths))]
    if any(problems):
        return {"enabled": [problem for problem in problems if problem][0]}
    names = [os.path.basename(path) for path in paths]
    return {"enabled": sorted(set(names))[:500]}


def network(host):
    problem = host.real_only()
    if problem is not None:
        return problem
    ports = set()
    for name in ("tcp", "tcp6"):
        try:
            with open("/proc/net/" + name) as stream:
                rows = [line.split() for line in stream.readlines()[1:10001]]
        except FileNotFoundError:
            continue
        except OSError as error:
            return {"open_ports": unknown("/proc/net/%s: %s" % (name, error.strerror.lower()))}
        for row in rows:
            address, _, port = row[1].partition(":")
            loopback = address.endswith("7F") and len(address) == 8 or address == "0" * 24 + "01000000"
            if row[3] == "0A" and not loopback:
                ports.add(int(port, 16))
    return {"open_ports": sorted(ports)[:500]}


def mounts(host):
    problem = host.real_only()
    if problem is not None:
        return problem
    facts = {}
    try:
        with open("/proc/self/mounts") as stream:
            for line in stream.readlines()[:5000]:
                row = line.split()
                if row[1] in ("/tmp", "/var/tmp", "/dev/shm"):
                    facts[row[1]] = sorted(row[3].split(","))
    except OSError as error:
        return unknown("/proc/self/mounts: %s" % error.strerror.lower())
    for path in ("/tmp", "/var/tmp", "/dev/shm"):
        facts.setdefault(path, {"absent": "%s is not a file system of its own" % path})
    return facts


def system(host):
    facts = {"journal_kept": journal_kept(host)}
    problem = host.real_only()
    if problem is not None:
        facts["mandatory_access_control"] = problem
        return facts
    active = []
    for name, path, good in (("apparmor", "/sys/module/apparmor/parameters/enabled", "Y"),
                             ("selinux", "/sys/fs/selinux/enforce", "1")):
        try:
            with open(path) as stream:
                if stream.read(10).strip() == good:
                    active.append(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            facts["mandatory_access_control"] = unknown("%s: %s" % (path, error.strerror.lower()))
            return facts
    facts["mandatory_access_control"] = active
    return facts


def journal_kept(host):
    """Tell whether the journal outlives a restart, as journald decides it."""
    storage = "auto"
    for path in ["/etc/systemd/journald.conf"] + host.names("/etc/systemd/journald.conf.d/*.conf"):
        text, problem = host.read(path)
        if problem is not None and "absent" not in problem:
            return problem
        for value in re.findall(r"(?m)^\s*Storage\s*=\s*(\w+)", text or ""):
            storage = value.lower()
    if not os.path.isdir(host.path("/etc/systemd")):
        return {"not_applicable": "no systemd on this host"}
    if storage == "auto" and host.outside("/var/log/journal") is not None:
        return host.outside("/var/log/journal")
    return storage == "persistent" or storage == "auto" and os.path.isdir(host.path("/var/log/journal"))


def collect(root, deep):
    """Return every section; one that fails is unknown, the others still come back."""
    host = Host(root)
    if host.is_directory and not os.path.isdir(host.root):
        raise ValueError("the directory %s of this host is not there" % host.root)
    sections = {
        "sshd": sshd, "files": files, "accounts": accounts, "login_defs": login_defs, "sudo": sudo,
        "sysctl": sysctl, "services": services, "network": network, "mounts": mounts, "system": system,
        "outside": outside,
    }
    if deep:
        sections["world_writable"] = world_writable
    facts = {"format": 1, "directory": host.is_directory, "privileged": os.geteuid() == 0}
    for name, read in sections.items():
        try:
            facts[name] = read(host)
        except Exception as error:  # a host is never trusted to hold what we expect
            facts[name] = unknown("%s: %s" % (type(error).__name__, str(error)[:200]))
    return facts


def main():
    module = AnsibleModule(
        argument_spec={"root": {"type": "str", "default": ""}, "deep": {"type": "bool", "default": True}},
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, facts=collect(module.params["root"], module.params["deep"]))
    except ValueError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
