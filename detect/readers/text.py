"""Text lines: syslog and auth.log (RFC 3164 and ISO times), and web servers' access logs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from detect import logsource
from detect.event import CorruptError, Event, Reference
from detect.names import table
from detect.readers import moments
from detect.readers.messages import understood

_HEAD = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?"
    r"(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d))"
    r" (?P<host>\S{1,255}) (?P<rest>.*)",
    re.DOTALL,
)
_TAG = re.compile(
    r"(?P<program>[^\s:\[(]{1,128})(?:\([^)\s]{0,64}\))?(?:\[(?P<pid>\d{1,10})\])?: ?(?P<message>.*)", re.DOTALL
)
_ERROR = re.compile(
    r"\[(?P<time>\w{3} \w{3} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[(?:[\w-]+:)?(?P<level>\w+)\]"
    r"(?: \[pid [^\]]{1,40}\])?(?: \[client (?P<client>[^\]\s]+?)(?::\d+)?\])? ?(?P<message>.*)",
    re.DOTALL,
)
_ACCESS = re.compile(
    r'(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]{10,40})\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}) (?P<bytes>\d+|-)(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)


def syslog(text: str, reference: Reference, now: datetime) -> Event:
    """Read a line of syslog or auth.log.

    Raises:
        CorruptError: it has no time and host at its beginning.
    """
    head = _HEAD.match(text)
    if head is None:
        raise CorruptError("neither a syslog line nor one of a format known here")
    if head["iso"]:
        time = moments.iso(head["iso"].replace(",", "."))
    else:
        time = moments.bsd(head["month"], head["day"], head["clock"], now)
    if time is None:
        raise CorruptError("its time cannot be")
    tag = _TAG.match(head["rest"])
    program, message = (tag["program"], tag["message"]) if tag else ("", head["rest"])
    fields: dict[str, Any] = {"host.name": head["host"], "host.hostname": head["host"], "message": message}
    if tag:
        fields["process.name"] = program
        if tag["pid"]:
            fields["process.pid"] = int(tag["pid"])
    fields |= understood(program, message)
    return Event(fields, time=time, origin=logsource.linux(program), reference=reference, raw=text)


def web_error(text: str, reference: Reference) -> Event:
    """Read a line of Apache's error log.

    Raises:
        CorruptError: it is not one.
    """
    found = _ERROR.match(text)
    time = moments.asctime(found["time"]) if found else None
    if found is None or time is None:
        raise CorruptError("not a line of a format known here")
    fields: dict[str, Any] = {"message": found["message"], "log.level": found["level"], "event.category": ["web"]}
    if found["client"]:
        fields |= {"source.ip": found["client"], "c-ip": found["client"]}
    return Event(fields, time=time, origin=logsource.WEB, reference=reference, raw=text)


def is_access(text: str) -> bool:
    """Tell whether a line looks like a web server's access log."""
    return '" ' in text and _ACCESS.match(text) is not None


def access(text: str, reference: Reference) -> Event:
    """Read a line of a web server's access log (common or combined format).

    Raises:
        CorruptError: it is not one.
    """
    found = _ACCESS.match(text)
    time = moments.clf(found["time"]) if found else None
    if found is None or time is None:
        raise CorruptError("not a web server's access line")
    method, _, rest = found["request"].partition(" ")
    uri = rest.rpartition(" HTTP/")[0] or rest
    stem, _, query = uri.partition("?")
    values: dict[str, Any] = {name: found[name] for name in ("client", "user", "referer", "agent")}
    values |= {"method": method, "uri": uri, "stem": stem, "query": query, "status": int(found["status"])}
    values["bytes"] = int(found["bytes"]) if found["bytes"] != "-" else None
    fields = {
        name: value
        for key, targets in table("weblog")["fields"].items()
        if (value := values[key]) not in (None, "", "-")
        for name in targets
    }
    fields |= {"event.category": ["web"], "message": found["request"]}
    return Event(fields, time=time, origin=logsource.WEB, reference=reference, raw=text)
