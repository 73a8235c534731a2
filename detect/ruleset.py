"""Sets of rules: read from files, checked against each other, made ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detect import sigma
from detect.evaluate import Test, compiled
from detect.patterns import PatternError
from detect.rule import Correlation, Header, Rule, RuleSet, Unusable
from detect.sigma import RuleError
from inventory import content

SHIPPED = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Ready:
    """A rule and its test."""

    rule: Rule
    test: Test


def load(paths: Sequence[Path]) -> RuleSet:
    """Read rules from files and directories (every `*.yml` and `*.yaml` below them).

    A rule that cannot be run is listed with the reason.

    Raises:
        RuleError: a path is not there or cannot be read, or two rules have one id.
    """
    read = [rule for file in _files(paths) for rule in _read(file)]
    rules = [rule for rule in read if isinstance(rule, Rule)]
    correlations = [rule for rule in read if isinstance(rule, Correlation)]
    _refuse_twins([rule.header for rule in read if not isinstance(rule, Unusable)])
    resolved = _resolved(rules, correlations)
    return RuleSet(
        tuple(rules),
        tuple(rule for rule in resolved if isinstance(rule, Correlation)),
        (*(rule for rule in (*read, *resolved) if isinstance(rule, Unusable)),),
    )


def standing(site: Path | None = None) -> list[Path]:
    """Return where the rules are that always run: those shipped, and the `rules/` folder of a site if it has one."""
    own = [] if site is None or not (site / "rules").is_dir() else [site / "rules"]
    return [SHIPPED, *own]


def ready(rules: RuleSet) -> tuple[list[Ready], RuleSet]:
    """Compile every rule; return the tests, and the set with rules no engine can run moved to `unusable`."""
    done: list[Ready] = []
    failed: list[Unusable] = []
    for rule in rules.rules:
        try:
            done.append(Ready(rule, compiled(rule.condition)))
        except (PatternError, ValueError) as error:
            failed.append(_unusable(rule.header, str(error)))
    if not failed:
        return done, rules
    left = [each.rule for each in done]
    resolved = _resolved(left, list(rules.correlations))
    return done, RuleSet(
        tuple(left),
        tuple(rule for rule in resolved if isinstance(rule, Correlation)),
        (*rules.unusable, *failed, *(rule for rule in resolved if isinstance(rule, Unusable))),
    )


def require_some(rules: RuleSet) -> None:
    """Refuse a set without any rule that can be run: a run that looked for nothing must not end clean.

    Raises:
        RuleError: there is none.
    """
    if not any(ready(RuleSet((rule,), (), ()))[0] for rule in rules.rules):
        raise RuleError("no rule can be run", hint="see why with: holdfast detect rules list --rules PATH")


def strictly(rules: RuleSet) -> None:
    """Refuse a set with rules that cannot be run.

    Raises:
        RuleError: there are some; each is named.
    """
    if rules.unusable:
        listed = "\n".join(f"  {rule}" for rule in rules.unusable)
        raise RuleError(
            f"{len(rules.unusable)} rules cannot be run:\n{listed}", hint="mend them, or leave out --strict"
        )


def _files(paths: Sequence[Path]) -> Iterable[Path]:
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise RuleError(f"no rules at {path}", hint="give a file or directory of Sigma rules with --rules")
        found = sorted(p for p in path.rglob("*") if p.suffix in {".yml", ".yaml"}) if path.is_dir() else [path]
        for file in found:
            if file.resolve() not in seen and not file.is_dir():
                seen.add(file.resolve())
                yield file


def _read(file: Path) -> Iterable[Rule | Correlation | Unusable]:
    try:
        text = content.read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        return [Unusable(file, 1, "", "", "not UTF-8 text")]
    except OSError as error:
        hint = getattr(error, "hint", "check who may read it")
        raise RuleError(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    return list(sigma.read_text(text, file))


def _refuse_twins(headers: Sequence[Header]) -> None:
    first: dict[str, Header] = {}
    for header in headers:
        if (other := first.setdefault(header.id, header)) is not header:
            raise RuleError(
                f"{header.file}:{header.line}: the id {header.id} is already that of {other.file}:{other.line}",
                hint="give one of them a new id (a random UUID)",
            )


def _resolved(rules: Sequence[Rule], correlations: Sequence[Correlation]) -> list[Correlation | Unusable]:
    """Replace names by ids, and order correlations so that each follows those it builds on."""
    hashes = {rule.header.id: rule.header.hash for rule in rules}
    headers = RuleSet(tuple(rules), tuple(correlations)).headers()
    names = {header.name: header.id for header in headers if header.name}
    names |= {header.id: header.id for header in headers}
    done: list[Correlation | Unusable] = []
    waiting = list(correlations)
    while waiting:
        rest = []
        for each in waiting:
            ids = tuple(names.get(reference, reference) for reference in each.rules)
            if all(rule in hashes for rule in ids):
                aliases = {
                    alias: {names.get(reference, reference): field for reference, field in fields.items()}
                    for alias, fields in each.aliases.items()
                }
                done.append(replace(each, rules=ids, aliases=aliases))
                hashes[each.header.id] = each.header.hash
            else:
                rest.append(each)
        if len(rest) == len(waiting):
            return [*done, *(_missing(each, names, hashes) for each in rest)]
        waiting = rest
    return done


def _missing(correlation: Correlation, names: dict[str, str], known: dict[str, str]) -> Unusable:
    missing = [reference for reference in correlation.rules if names.get(reference, reference) not in known]
    return _unusable(correlation.header, f"it builds on {', '.join(missing)}, which is not here or cannot be run")


def _unusable(header: Header, reason: str) -> Unusable:
    return Unusable(header.file, header.line, header.id, header.title, reason)
