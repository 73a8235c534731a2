#!/usr/bin/python
"""Keep what a host was like before it is hardened, and put it back.

Only the Python standard library is used. A run's journal lies in a folder only root can open; for a host that is a
directory it lies below that directory and belongs to whoever made it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: holdfast_keep
short_description: Keep and put back a host's settings
description:
  - C(keep) writes down what is there now. It never writes over what the same run kept before.
  - C(seal) writes down what a run left, and forgets what it did not change.
  - C(restore) puts back what was kept, or in check mode tells what would be put back.
options:
  action: {description: What to do., type: str, required: true, choices: [keep, seal, restore]}
  run: {description: The name of the run., type: str, required: true}
  root: {description: Where the host's file system begins; empty for a real host., type: str, default: ""}
  contents: {description: Files that are kept whole., type: list, elements: str, default: []}
  rights: {description: Files and folders of which owner and rights are kept; patterns., type: list, elements: str, default: []}
  sysctls: {description: Kernel settings., type: list, elements: str, default: []}
  units: {description: Units of systemd., type: list, elements: str, default: []}
  skip: {description: Paths that are left alone., type: list, elements: str, default: []}
  wanted: {description: "What to put back: kind, name (a pattern), part. Nothing means all.", type: list, elements: dict}
  digests: {description: "SHA-256 of each kept state by kind and name, as recorded elsewhere.", type: dict}
author: Holdfast
"""

EXAMPLES = r"""
- name: Keep what was there before
  holdfast_keep: {action: keep, run: try-1, contents: [/etc/login.defs]}
"""

RETURN = r"""
objects: {description: "What is kept: kind, name, before, after (digests).", returned: keep and seal, type: list}
steps: {description: "What is put back: kind, name, part, before, after (texts).", returned: restore, type: list}
conflicts: {description: What somebody changed since., returned: restore, type: list}
sealed: {description: Whether the run came to its end on this host., returned: restore, type: bool}
"""

import base64
import errno
import fnmatch
import glob
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile

from ansible.module_utils.basic import AnsibleModule

PLACE = "/var/lib/holdfast-harden"
LARGEST = 1000000
LARGEST_JOURNAL = 5000000
LARGEST_SETTING = 65536
COMMAND_SECONDS = 30
ABSENT = {"type": "absent"}
RIGHTS = ("type", "mode", "uid", "gid", "xattrs")


class Refused(Exception):
    """It is not done, for the reason given."""


def digest(state):
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def rights_of(state):
    return dict((key, state[key]) for key in RIGHTS if key in state)


class Host:
    """The host's file system, kernel and units, seen from `root`."""

    def __init__(self, root):
        self.root = root.rstrip("/")

    @property
    def is_directory(self):
        return bool(self.root)

    def path(self, path):
        return self.root + path

    def leads_out(self, path):
        """Tell whether a link leads from a path of a directory host out of it."""
        top = os.path.realpath(self.root)
        folder = os.path.realpath(os.path.dirname(self.path(path)))
        return self.is_directory and not (folder + "/").startswith(top + "/")

    def behind(self, path):
        """Return where the link at a path leads, as a path of the host; None if it is no link or leads out."""
        if not os.path.islink(self.path(path)):
            return None
        real, top = os.path.realpath(self.path(path)), os.path.realpath(self.root or "/").rstrip("/")
        return real[len(top):] if real.startswith(top + "/") else None

    def state(self, kind, name):
        if kind in ("content", "rights"):
            return self.file(name, kind == "content")
        return self.sysctl(name) if kind == "sysctl" else self.unit(name)

    def file(self, name, whole):
        path = self.path(name)
        try:
            found = os.lstat(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return dict(ABSENT)
            raise
        kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"))
        state = {"type": next((word for test, word in kinds if test(found.st_mode)), "other")}
        state.update(uid=found.st_uid, gid=found.st_gid)
        if state["type"] == "link":
            state["target"] = os.readlink(path)
            return state
        state["mode"] = "%04o" % stat.S_IMODE(found.st_mode)
        state["xattrs"] = xattrs(path)
        if whole and state["type"] == "file":
            if found.st_size > LARGEST:
                raise Refused("%s is larger than %d bytes and cannot be kept" % (name, LARGEST))
            state["sha256"] = hashlib.sha256(read(path)).hexdigest()
        return state

    def sysctl(self, name):
        try:
            with open(sysctl_path(name), "rb") as stream:
                value = stream.read(LARGEST_SETTING)  # the kernel refuses to be asked for megabytes
            return {"type": "value", "value": value.decode("utf-8", "replace").strip()}
        except OSError:
            return dict(ABSENT)

    def unit(self, name):
        code, said = command(["systemctl", "show", "-p", "LoadState,UnitFileState,ActiveState", "--", name])
        known = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        if code != 0 or known.get("LoadState") in (None, "not-found"):
            return dict(ABSENT)
        active = known.get("ActiveState") in ("active", "reloading", "activating")
        return {"type": "unit", "enabled": known.get("UnitFileState", ""), "active": active}


def sysctl_path(name):
    if not re.match(r"^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$", name):
        raise Refused("%r is no kernel setting" % name)
    return "/proc/sys/" + name.replace(".", "/")


def read(path):
    with open(path, "rb") as stream:
        return stream.read(LARGEST_JOURNAL + 1)


def xattrs(path):
    """Return the extended attributes, access lists among them, by name (base64)."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return dict((name, base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode()) for name in names)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return {}
        raise


def command(argv):
    """Return a program's exit code and what it said."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
        said = process.communicate(timeout=COMMAND_SECONDS)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 124, "no answer within %d seconds" % COMMAND_SECONDS
    except OSError as error:
        return 127, str(error)
    return process.returncode, said.decode("utf-8", "replace")


def write(path, content, mode=0o600):
    """Write a file beside its place, flush it, and move it there."""
    folder = os.path.dirname(path)
    handle, new = tempfile.mkstemp(dir=folder, prefix=".holdfast-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(new, path)
    except BaseException:
        if os.path.exists(new):
            os.remove(new)
        raise
    flush(folder)


def flush(folder):
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Journal:
    """What one run kept on this host: a folder with `journal.json` and the kept contents by their SHA-256."""

    def __init__(self, host, run):
        if not re.match(r"^[a-z0-9][a-z0-9-]{2,63}$", run):
            raise Refused("%r is no name of a run" % run)
        self.host = host
        self.name = "%s/%s" % (PLACE, run)
        if host.leads_out(self.name):
            raise Refused("%s: a link that leads out of the host's directory; nothing can be kept there" % self.name)
        self.folder = host.path(self.name)
        self.sealed, self.made, self.objects = False, [], []
        self.known = os.path.lexists(self.folder)
        if self.known:
            self._load()

    def _load(self):
        found = os.lstat(self.folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Refused("%s is not a folder of its owner alone" % self.name)
        try:
            data = json.loads(read(os.path.join(self.folder, "journal.json")).decode())
            self.sealed, self.made, self.objects = bool(data["sealed"]), list(data["made"]), list(data["objects"])
        except (IOError, OSError):
            self.known = False  # it was killed before it had kept anything
        except (ValueError, KeyError, TypeError):
            raise Refused("%s/journal.json cannot be read" % self.name)

    def save(self):
        folder = self.folder
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for each in reversed(missing):
            os.mkdir(each, 0o700 if each.startswith(self.host.path(PLACE)) else 0o755)
            self.made.append(each[len(self.host.root):])
        data = {"sealed": self.sealed, "made": self.made, "objects": self.objects}
        write(os.path.join(self.folder, "journal.json"), json.dumps(data, sort_keys=True).encode())

    def keep_content(self, path, sha256):
        place = os.path.join(self.folder, sha256)
        if not os.path.exists(place):
            write(place, read(path))

    def content(self, sha256):
        data = read(os.path.join(self.folder, sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Refused("what was kept in %s is not what it was" % self.name)
        return data

    def remove(self):
        """Forget the run, with the folders that were made for it and are empty now."""
        shutil.rmtree(self.folder)
        for name in sorted([PLACE] + self.made, reverse=True):
            try:
                os.rmdir(self.host.path(name))
            except OSError:
                continue


# --- keep and seal ------------------------------------------------------------------------------------------


def names(host, given, skip):
    """Yield (kind, name) of what is to be kept: patterns resolved, links with what they lead to."""
    for kind in ("contents", "rights"):
        for pattern in given[kind]:
            found = [path[len(host.root):] for path in sorted(glob.glob(glob.escape(host.root) + pattern))]
            for name in found if glob.has_magic(pattern) else [pattern]:
                for each in (name, host.behind(name)):
                    if each is not None and name not in skip and not host.leads_out(each):
                        yield kind.replace("contents", "content"), each
    for kind in ("sysctl", "unit") if not host.is_directory else ():
        for name in given[kind + "s"]:
            yield kind, name


def keep(host, journal, given):
    if journal.sealed:
        raise Refused("the run is over; a new one needs a new name")
    there = set((each["kind"], each["name"]) for each in journal.objects)
    journal.known or journal.save()
    for kind, name in names(host, given, set(given["skip"])):
        if (kind, name) in there or (kind == "rights" and ("content", name) in there):
            continue
        there.add((kind, name))
        before = host.state(kind, name)
        one = {"kind": kind, "name": name, "before": before}
        if "sha256" in before:
            journal.keep_content(host.path(name), before["sha256"])
            one["mtime"] = os.lstat(host.path(name)).st_mtime_ns
        journal.objects.append(one)
    journal.save()


def seal(host, journal):
    if not journal.known or journal.sealed:
        return
    changed = []
    for each in journal.objects:
        after = host.state(each["kind"], each["name"])
        if after != each["before"]:
            each["after"] = after
            changed.append(each)
    journal.objects, journal.sealed = changed, True
    if changed:
        journal.save()
    else:
        journal.remove()


def listed(journal):
    fields = ("before", "after")
    return [
        dict([("kind", each["kind"]), ("name", each["name"])] + [(key, digest(each[key])) for key in fields if key in each])
        for each in journal.objects
    ]


# --- restore ------------------------------------------------------------------------------------------------


def line_of(setting):
    return re.compile(r"(?im)^[ \t]*" + re.escape(setting) + r"[ \t=].*\n?")


def with_setting(now, before, setting):
    """Return a text with one setting as it was before: its line put back, or taken out where there was none."""
    pattern = line_of(setting)
    lines, old = list(pattern.finditer(now)), list(pattern.finditer(before))
    if not lines:
        return now + old[-1].group(0) if old else now
    last = lines[-1]
    return now[:last.start()] + (old[-1].group(0) if old else "") + now[last.end():]


class Step:
    """One kept thing and what it is to become."""

    def __init__(self, host, journal, kept, part):
        self.host, self.journal, self.kept, self.part = host, journal, kept, part
        self.kind, self.name = kept["kind"], kept["name"]
        self.now = host.state(self.kind, self.name)
        self.data = None
        self.target = self._target()

    def _target(self):
        before = self.kept["before"]
        if self.part == "rights" and "mode" in before and "mode" in self.now:
            return dict(self.now, **rights_of(before))
        if self.part not in ("", "rights"):
            if self.now["type"] != "file":
                return self.now
            old = self.journal.content(before["sha256"]).decode("utf-8", "replace") if "sha256" in before else ""
            now = read(self.host.path(self.name)).decode("utf-8", "surrogateescape")
            self.data = with_setting(now, old, self.part).encode("utf-8", "surrogateescape")
            return dict(self.now, sha256=hashlib.sha256(self.data).hexdigest())
        if "sha256" in before:
            self.data = self.journal.content(before["sha256"])
        return before

    @property
    def needed(self):
        return self.now != self.target

    def conflict(self, going):
        """Say what somebody changed since the run, or return None. Of a run that broke off nobody can tell."""
        if self.target == ABSENT and self.now["type"] == "folder":
            inside = set(os.listdir(self.host.path(self.name)))
            inside -= set(os.path.basename(name) for name in going if os.path.dirname(name) == self.name)
            if inside:
                return "%s: there is something in it now that this run did not put there (%s)" % (self.name, sorted(inside)[0])
        after = self.kept.get("after")
        if after is None or self.now in (after, self.kept.get("target")):
            return None
        if self.part == "rights" and rights_of(self.now) == rights_of(after):
            return None
        return "%s: somebody changed it since (%s)" % (self.name, differences(after, self.now))

    def texts(self):
        """Return what is there now and what will be, for people to read."""
        if self.data is not None or "sha256" in self.now:
            there = self.now.get("sha256") != self.target.get("sha256")
            now = read(self.host.path(self.name)).decode("utf-8", "replace") if there and self.now["type"] == "file" else ""
            then = self.data.decode("utf-8", "replace") if there and self.data is not None else ""
            return words(self.now) + now, words(self.target) + then
        return words(self.now), words(self.target)

    def do(self):
        if self.kind in ("content", "rights"):
            self._file()
        elif self.kind == "sysctl":
            if self.target != ABSENT:
                with open(sysctl_path(self.name), "w") as stream:
                    stream.write(self.target["value"])
        else:
            self._unit()
        left = self.host.state(self.kind, self.name)
        if left != self.target:
            raise Refused("%s is not as it was: %s" % (self.name, differences(self.target, left)))

    def _file(self):
        path, target = self.host.path(self.name), self.target
        if target == ABSENT:
            os.rmdir(path) if self.now["type"] == "folder" else os.remove(path)
            return flush(os.path.dirname(path))
        if target["type"] == "link":
            new = path + ".holdfast-new"
            os.symlink(target["target"], new)
            os.lchown(new, target["uid"], target["gid"])
            return os.rename(new, path)
        if self.now == ABSENT and target["type"] == "folder":
            os.mkdir(path, 0o700)
        elif self.data is not None and self.now.get("sha256") != target.get("sha256"):
            write(path, self.data)
        self._rights(path, target)
        if self.part == "" and "mtime" in self.kept:
            os.utime(path, ns=(self.kept["mtime"], self.kept["mtime"]))
        return None

    @staticmethod
    def _rights(path, target):
        found = os.lstat(path)
        if (found.st_uid, found.st_gid) != (target["uid"], target["gid"]):
            os.chown(path, target["uid"], target["gid"], follow_symlinks=False)
        there = xattrs(path)
        for name in there:
            if name not in target["xattrs"]:
                os.removexattr(path, name, follow_symlinks=False)
        for name, value in target["xattrs"].items():
            if there.get(name) != value:
                os.setxattr(path, name, base64.b64decode(value), follow_symlinks=False)
        os.chmod(path, int(target["mode"], 8))

    def _unit(self):
        acts = []
        if self.now.get("enabled") != self.target.get("enabled"):
            verb = {"enabled": "enable", "disabled": "disable", "masked": "mask"}.get(self.target.get("enabled"))
            if verb is None:
                raise Refused("%s was %s; that cannot be put back" % (self.name, self.target.get("enabled") or "not there"))
            if self.now.get("enabled") == "masked":
                acts.append("unmask")
            acts.append(verb)
        if self.now.get("active") != self.target.get("active"):
            acts.append("start" if self.target.get("active") else "stop")
        for verb in acts:
            code, said = command(["systemctl", verb, "--", self.name])
            if code != 0:
                raise Refused("systemctl %s %s: %s" % (verb, self.name, said.strip()[-300:]))


def words(state):
    plain = [key for key in ("mode", "uid", "gid", "target", "value", "enabled", "active") if key in state]
    text = "".join("%s: %s\n" % (key, state[key]) for key in plain)
    return text + "".join("%s: %s\n" % pair for pair in sorted(state.get("xattrs", {}).items())) or "%s\n" % state["type"]


def differences(one, other):
    if other == ABSENT:
        return "it is gone"
    keys = sorted(key for key in set(one) | set(other) if one.get(key) != other.get(key))
    shown = ["content" if key == "sha256" else "%s %s, not %s" % (key, other.get(key), one.get(key)) for key in keys]
    return ", ".join(shown)


def check_digests(journal, digests):
    """Refuse what is not what was recorded when it was kept."""
    for each in journal.objects if digests else ():
        name = "%s %s" % (each["kind"], each["name"])
        if digests.get(name) != digest(each["before"]):
            raise Refused("what this host kept of %s is not what the ledger says it kept" % each["name"])


def chosen(journal, wanted):
    """Yield each kept object that is wanted, with the part of it."""
    for each in journal.objects:
        if wanted is None:
            yield each, ""
        for want in wanted or ():
            if want["kind"] == each["kind"] and fnmatch.fnmatchcase(each["name"], want["name"]):
                yield each, want.get("part", "")
            elif want["kind"] == "rights" and each["kind"] == "content" and fnmatch.fnmatchcase(each["name"], want["name"]):
                yield each, "rights"


ORDER = ("content", "rights", "sysctl", "unit")


def restore(host, journal, wanted, digests, only_look):
    if not journal.known:
        return {"changed": False, "steps": [], "conflicts": [], "sealed": True, "kept": False}
    check_digests(journal, digests)
    steps = [Step(host, journal, each, part) for each, part in chosen(journal, wanted)]
    steps = [step for step in steps if step.needed]
    steps.sort(key=lambda step: (step.target == ABSENT and step.now["type"] == "folder", ORDER.index(step.kind)))
    going = [step.name for step in steps if step.target == ABSENT]
    conflicts = [text for text in (step.conflict(going) for step in steps) if text]
    told = []
    for step in steps:
        now, then = step.texts()
        told.append({"kind": step.kind, "name": step.name, "part": step.part, "before": now, "after": then})
    answer = {"changed": bool(steps), "steps": told, "conflicts": conflicts, "sealed": journal.sealed, "kept": True}
    if only_look:
        return answer
    if conflicts:
        raise Refused("nothing was put back: " + "; ".join(conflicts))
    for step in steps:
        step.kept["target"] = step.target
    journal.save()
    for step in steps:
        step.do()
    reload_sshd(host, steps)
    settle(host, journal)
    return answer


def settle(host, journal):
    """Forget what is as it was; what is put back in part is now what this run left."""
    left = []
    for each in journal.objects:
        each.pop("target", None)
        now = host.state(each["kind"], each["name"])
        if now != each["before"]:
            if "after" in each:
                each["after"] = now
            left.append(each)
    journal.objects = left
    journal.save() if left else journal.remove()


def reload_sshd(host, steps):
    """Have sshd read its settings again, if it accepts them."""
    if host.is_directory or not any(step.name.startswith("/etc/ssh/sshd_config") for step in steps):
        return
    code, said = command(["/usr/sbin/sshd", "-t"])
    if code != 0:
        raise Refused("the settings are back, but sshd refuses them and still runs with the newer ones: " + said.strip()[-300:])
    for unit in ("ssh.service", "sshd.service"):
        if host.unit(unit).get("active"):
            code, said = command(["systemctl", "reload", unit])
            if code != 0:
                raise Refused("the settings are back, but %s did not read them: %s" % (unit, said.strip()[-300:]))
            return


def main():
    lists = ("contents", "rights", "sysctls", "units", "skip")
    spec = dict((name, {"type": "list", "elements": "str", "default": []}) for name in lists)
    spec["action"] = {"type": "str", "required": True, "choices": ["keep", "seal", "restore"]}
    spec["run"] = {"type": "str", "required": True}
    spec["root"] = {"type": "str", "default": ""}
    spec["wanted"] = {"type": "list", "elements": "dict"}
    spec["digests"] = {"type": "dict"}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = module.params
    try:
        host = Host(given["root"])
        journal = Journal(host, given["run"])
        if given["action"] == "restore":
            module.exit_json(**restore(host, journal, given["wanted"], given["digests"], module.check_mode))
        if not module.check_mode:
            keep(host, journal, given) if given["action"] == "keep" else seal(host, journal)
        module.exit_json(changed=False, objects=listed(journal))
    except Refused as refused:
        module.fail_json(msg=str(refused))
    except OSError as error:
        module.fail_json(msg="%s: %s" % (error.filename or "the journal", error.strerror or error))


if __name__ == "__main__":
    main()
