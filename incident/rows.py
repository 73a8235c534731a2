"""The rows of readiness, one question each. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from backup.history import Medium
from incident.facts import WORST_FIRST, Facts, Row, State
from inventory import duration, size
from inventory.policy import Policy

_WATCHED_EVERY = timedelta(hours=1)
"""How long logs may go unread: our own proposal, until a policy pack says otherwise."""

_CLOSE = 0.8
"""From this share of its target on a forecast is too close to it: our own proposal."""

_NOT_PROBED = "nobody has probed it since it was put away"


def hardening(facts: Facts, policy: Policy, now: datetime) -> Row:
    """Do its hosts keep to the controls of its level?"""
    scan = f"holdfast harden scan --system {facts.key}"
    found, target = facts.hardening, f"no control of level {facts.system.level} fails"
    if found is None:
        return Row("hardening", "unknown", "never scanned", target, next=scan)
    age = now - found.at
    words = f"{found.passed} pass, {found.failed} fail, {found.unknown} unknown, {found.not_applicable} do not apply"
    limit = _limit(policy, "scan_every", facts.system.level)
    if unseen := [host for host in facts.hosts if host not in found.hosts]:
        state, words, following = "unknown", f"never scanned: {', '.join(unseen)} ({words})", scan
    elif found.unreached:
        state, words, following = "red", f"not reached: {', '.join(found.unreached)}", scan
    elif limit is not None and age > limit:
        state, words, following = "red", f"not verified since {_day(now - age)} ({words})", scan
    elif found.failed:
        state, following = "red", f"holdfast harden plan --system {facts.key}"
    elif found.unknown:
        state, following = "unknown", scan
    elif found.level < facts.system.level:
        state, words, following = "unknown", f"judged against level {found.level} only ({words})", scan
    elif not found.passed:
        state, words, following = "unknown", "no control could be judged", scan
    elif found.waived:
        state, words = "amber", f"{words}; waived: {', '.join(found.waived)}"
        following = f"holdfast harden plan --system {facts.key}"
    else:
        state, following = "green", ""
    return Row("hardening", _state(state), words, target, age.total_seconds(), found.evidence, following)


def backup(facts: Facts) -> Row:
    """Is the newest copy young enough?"""
    copies, target = facts.copies, f"newest copy at most {duration.show(facts.system.rpo)} old"
    run = f"holdfast backup run {facts.key}"
    if not facts.system.data:
        return Row(
            "backup",
            "unknown",
            "no data is named in the inventory",
            target,
            next=f"holdfast inventory show {facts.key}",
        )
    if copies.newest is None or copies.age is None:
        return Row("backup", "red", "no good copy", target, next=run)
    words = f"{duration.show(copies.age)} old, on {copies.newest.store}"
    evidence = (copies.newest.seq, *(failure.seq for failure in copies.failures))
    if not copies.within_rpo:
        return Row("backup", "red", words, target, copies.age.total_seconds(), evidence, run)
    if copies.failures:
        last = copies.failures[0]
        words += f"; the last run into {last.store} was {last.status}"
        return Row("backup", "amber", words, target, copies.age.total_seconds(), evidence, "holdfast backup status")
    return Row("backup", "green", words, target, copies.age.total_seconds(), evidence)


def three_two_one(facts: Facts) -> Row:
    """Three copies on two media, one offline?"""
    target = "3 copies, 2 media, 1 offline"
    newest = facts.copies.newest
    evidence = () if newest is None else (newest.seq,)
    if facts.unreachable:
        words = "; ".join(f"vault {name}: {why}" for name, why in facts.unreachable.items())
        words += " (mount it; give it up only when it is lost for good)"
        renew = f"holdfast backup vault renew {next(iter(facts.unreachable))} --reason WHY"
        return Row("three_two_one", "red", words, target, evidence=evidence, next=renew)
    parts = (facts.copies.three, facts.copies.two, facts.copies.offline)
    if facts.copies.three_two_one:
        return Row("three_two_one", "green", "holds", target, evidence=evidence)
    words = "; ".join(dict.fromkeys(part.reason for part in parts if not part.ok))
    return Row("three_two_one", "red", words, target, evidence=evidence, next="holdfast backup copy")


def offline(facts: Facts, policy: Policy, now: datetime) -> Row:
    """Is the offline copy really out of reach?"""
    limit = _limit(policy, "offline_proof_every", facts.system.level)
    every = min((copy.every for copy in facts.system.copies if copy.kind == "medium"), default=None)
    target = "a copy on a detached medium, and a probe that failed to reach it"
    if limit is not None:
        target += f", at most {duration.show(limit)} ago"
    if facts.offline is None or facts.medium is None:
        return Row("offline", "red", "no copy on an offline medium", target, next="holdfast backup copy")
    medium, kept = facts.medium, facts.offline
    age = now - (medium.probed_at or medium.since)
    words, following = _not_away(medium, now - age, now, limit)
    if not words and every is not None and now - kept.at > every:
        late = duration.show(now - kept.at)
        words, following = (
            f"the copy on {medium.label} is {late} old, due every {duration.show(every)}",
            "holdfast backup copy",
        )
    state: State = "red" if words else "green"
    if words.endswith(_NOT_PROBED):
        state = "unknown"
    words = words or f"{medium.label} is away and unreachable"
    return Row("offline", state, words, target, age.total_seconds(), (kept.seq, medium.seq), following)


def _not_away(medium: Medium, looked: datetime, now: datetime, limit: timedelta | None) -> tuple[str, str]:
    """Return what speaks against a medium being offline, and the next command; two empty texts if nothing does."""
    probe = f"holdfast backup media probe {medium.label}"
    if medium.state == "attached":
        return f"{medium.label} is attached: it is not offline", f"holdfast backup media detach {medium.label}"
    if medium.reached:
        return f"{medium.label} should be away, but a probe reached it", probe
    if not medium.proved_offline:
        return f"{medium.label}: {_NOT_PROBED}", probe
    if limit is not None and now - looked > limit:
        return f"{medium.label}: not verified since {_day(looked)}", probe
    return "", ""


def integrity(facts: Facts, policy: Policy, now: datetime) -> Row:
    """Was every byte of every copy read lately?"""
    limit = _limit(policy, "copy_check_every", facts.system.level)
    target = "every byte of every copy read" + (f" at most {duration.show(limit)} ago" if limit else "")
    if not facts.checks:
        return Row("integrity", "unknown", "no copy to check", target, next=f"holdfast backup run {facts.key}")
    evidence = tuple(check.seq for _, check in facts.checks if check is not None)
    for store, check in facts.checks:
        following = f"holdfast backup check {store} --read-data"
        if check is not None and not check.whole:
            words = f"{store} is damaged: {check.problems[0] if check.problems else 'no reason recorded'}"
            return Row("integrity", "red", words, target, (now - check.at).total_seconds(), evidence, following)
    for store, check in facts.checks:
        following = f"holdfast backup check {store} --read-data"
        if check is None or not check.read_data:
            words = f"{store} was never checked" if check is None else f"{store}: nobody has read every byte yet"
            return Row("integrity", "unknown", words, target, None, evidence, following)
        if limit is not None and now - check.at > limit:
            words = f"{store}: not verified since {_day(check.at)}"
            return Row("integrity", "red", words, target, (now - check.at).total_seconds(), evidence, following)
    oldest = max(now - check.at for _, check in facts.checks if check is not None)
    return Row("integrity", "green", "every copy was whole when last read", target, oldest.total_seconds(), evidence)


def restore(facts: Facts, policy: Policy, now: datetime) -> Row:
    """When was it last really restored?"""
    limit = _limit(policy, "restore_test_every", facts.system.level)
    target = "a restore compared with its manifest" + (f", at most {duration.show(limit)} ago" if limit else "")
    following = f"holdfast backup restore {facts.key} --to DIR"
    if facts.restore is None:
        return Row("restore", "unknown", "never restored", target, next=following)
    age = now - facts.restore.at
    words = f"{size.show(facts.restore.bytes)} in {duration.show(facts.restore.seconds)}"
    evidence = (facts.restore.seq,)
    if not facts.restore.verified:
        return Row("restore", "red", f"{words}, NOT as copied", target, age.total_seconds(), evidence, following)
    if limit is not None and age > limit:
        words = f"not verified since {_day(now - age)}"
        return Row("restore", "red", words, target, age.total_seconds(), evidence, following)
    return Row("restore", "green", f"{words}, all as copied", target, age.total_seconds(), evidence)


def forecast(facts: Facts) -> Row:
    """Would it be back within its target?"""
    target = f"back within {duration.show(facts.system.rto)}"
    found = facts.forecast
    if found is None or found.seconds is None:
        why = found.why if found is not None else "nothing measured"
        following = f"holdfast incident open --system {facts.key} --title 'recovery rehearsal'"
        if facts.copies.newest is None:
            following = f"holdfast backup run {facts.key}"
        return Row("forecast", "unknown", why, target, next=following)
    words = f"{duration.show(found.seconds)} (forecast, at {(found.bytes_per_second or 0) / 1e6:.1f} MB/s measured)"
    share = found.seconds / facts.system.rto.total_seconds()
    state: State = "red" if share > 1 else "amber" if share > _CLOSE else "green"
    following = "" if state == "green" else f"holdfast inventory show {facts.key}"
    if following:
        words += "; it takes a copy that is faster to read, or another target by its owner"
    return Row("forecast", state, words, target, evidence=found.evidence, next=following)


def detection(facts: Facts, now: datetime) -> Row:
    """Does somebody look at its logs?"""
    target = "rules run over its logs within the last hour, no source silent"
    found = facts.watched
    run = "holdfast detect run"
    if not facts.system.logs:
        return Row(
            "detection",
            "unknown",
            "no logs are named in the inventory",
            target,
            next=f"holdfast inventory show {facts.key}",
        )
    if found is None:
        return Row("detection", "unknown", "its logs were never looked at", target, next=run)
    age = now - found.last_run_at
    evidence = (found.evidence,)
    if found.silent:
        words = "; ".join(f"{log}: {why}" for log, why in found.silent.items())
        return Row("detection", "red", words, target, age.total_seconds(), evidence, run)
    if not facts.rules:
        return Row(
            "detection", "red", "no rule ran", target, age.total_seconds(), evidence, "holdfast detect rules list"
        )
    words = f"{facts.rules} rules, {duration.show(age)} ago"
    state: State = "green"
    following = ""
    if age > _WATCHED_EVERY:
        state, following = "red", run
    elif found.sources < len(facts.system.logs):
        words = f"only {found.sources} of {len(facts.system.logs)} logs were looked at ({words})"
        state, following = "unknown", run
    elif facts.unusable_rules:
        words = f"{facts.unusable_rules} rules cannot run ({words})"
        state, following = "amber", "holdfast detect rules list"
    return Row("detection", state, words, target, age.total_seconds(), evidence, following)


def runbook(facts: Facts) -> Row:
    """Is there a runbook that was used as it is?"""
    target = f"{facts.system.runbook}: valid, unchanged since it was last used, its gates approved by signature"
    evidence = () if facts.drill_seq is None else (facts.drill_seq,)
    if facts.runbook_problem:
        return Row("runbook", "red", facts.runbook_problem, target, next=f"holdfast inventory show {facts.key}")
    if facts.drilled_digest is None or facts.drill_seq is None:
        if not facts.runbook_proved_on:
            words = "valid, but untested: never used here, and proved nowhere before"
            return Row("runbook", "unknown", words, target, next="holdfast recover plan")
        words = f"valid, never used here (proved on: {', '.join(facts.runbook_proved_on)})"
        return Row("runbook", "amber", words, target, next="holdfast recover plan")
    if facts.drilled_digest != facts.runbook_digest:
        return Row(
            "runbook", "amber", "changed since it was last used", target, None, evidence, "holdfast recover plan"
        )
    if facts.claimed:
        words = f"used as it is, but approved without a signature: {'; '.join(facts.claimed)}"
        return Row("runbook", "amber", words, target, None, evidence, "holdfast recover requests")
    return Row("runbook", "green", "valid, used as it is", target, None, evidence)


def _limit(policy: Policy, name: str, level: int) -> timedelta | None:
    try:
        limit = policy.limit(name, level)
    except KeyError:
        return None
    return None if limit is None else limit.duration


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _state(text: str) -> State:
    return next(state for state in WORST_FIRST if state == text)
