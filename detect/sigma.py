"""The door to pySigma: a rule's YAML in, our own values out; nothing else sees pySigma's types."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from sigma import conditions, types
from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import PythonRegexEngine
from sigma.rule import SigmaRule, SigmaRuleBase
from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

from detect import rule as ours
from inventory.errors import UsageError

# Which engine runs a pattern is decided in detect/patterns.py; here it only has to be a regular expression.
_POLICY = SigmaPolicy(regex_engine=PythonRegexEngine())

_ENCODED = ("base64", "base64offset")
_COUNTABLE = {"gte", "gt", "eq"}
_COMPARING = {"lt", "lte", "gt", "gte"}
_LARGEST_EXACT = 2**53
_KINDS = {"event_count", "value_count", "temporal", "temporal_ordered"}


class RuleError(UsageError):
    """Rules cannot be used as written (exit 2)."""


class _UnsupportedError(Exception):
    """A part of a rule that cannot be run here; becomes `Unusable.reason`."""


def read_text(text: str, file: Path) -> Iterator[ours.Rule | ours.Correlation | ours.Unusable]:
    """Yield every rule of one file (it may hold several documents), usable or not.

    Correlations still name the rules they build on as written; `detect.ruleset` resolves them.
    """
    loader = SigmaYAMLLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            yield from _document(loader.construct_document(node), file, node.start_mark.line + 1)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error) or type(error).__name__
        yield ours.Unusable(file, mark.line + 1 if mark else 1, "", "", f"not valid YAML: {reason}")
    finally:
        loader.dispose()


def _document(data: Any, file: Path, line: int) -> Iterator[ours.Rule | ours.Correlation | ours.Unusable]:
    if data is None:
        return
    if not isinstance(data, dict):
        yield ours.Unusable(file, line, "", "", "a rule must be a mapping")
        return
    try:
        check_alias_expansion(data)
        yield _rule(data, file, line)
    except (SigmaError, _UnsupportedError) as error:
        reason = str(error).split("\n")[0]
        yield ours.Unusable(file, line, str(data.get("id", "")), str(data.get("title", "")), reason)
    except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as error:
        reason = f"not a Sigma rule: {error}"  # a shape the parser did not foresee
        yield ours.Unusable(file, line, str(data.get("id", "")), str(data.get("title", "")), reason)


def _rule(data: dict[str, Any], file: Path, line: int) -> ours.Rule | ours.Correlation:
    if "action" in data:
        raise _UnsupportedError("`action:` collections are not run; write each rule whole")
    if "correlation" in data:
        parsed = SigmaCorrelationRule.from_dict(data)
        return _correlation(parsed, _header(parsed, data, file, line))
    if "filter" in data:
        raise _UnsupportedError("Sigma filters are not run yet")
    rule = SigmaRule.from_dict(data | {"detection": _exact(data.get("detection"))}, policy=_POLICY)
    trees = [_condition(parsed.parsed) for parsed in rule.detection.parsed_condition]
    source = ours.LogSource(*(_lower(getattr(rule.logsource, name)) for name in ("category", "product", "service")))
    return ours.Rule(_header(rule, data, file, line), source, trees[0] if len(trees) == 1 else ours.Or(tuple(trees)))


def _exact(value: Any, key: str = "") -> Any:
    """Write integers too large for a float as text, which matches the same values: pySigma would round them."""
    if isinstance(value, dict):
        return {name: _exact(part, str(name)) for name, part in value.items()}
    if isinstance(value, list):
        return [_exact(part, key) for part in value]
    is_large = isinstance(value, int) and abs(value) > _LARGEST_EXACT
    return str(value) if is_large and not _COMPARING & set(key.split("|")) else value


def _header(rule: SigmaRuleBase, data: dict[str, Any], file: Path, line: int) -> ours.Header:
    content = json.dumps(data, sort_keys=True, default=str, ensure_ascii=False)
    digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
    custom = data.get("holdfast")
    return ours.Header(
        id=str(rule.id or rule.name or digest[:16]),
        name=rule.name or "",
        title=rule.title,
        level=rule.level.name.lower() if rule.level else "medium",
        description=(rule.description or "").strip(),
        tags=tuple(str(tag) for tag in rule.tags),
        false_positives=tuple(str(text) for text in rule.falsepositives or ()),
        hash=digest,
        file=file,
        line=line,
        custom=custom if isinstance(custom, Mapping) else {},
    )


def _correlation(rule: SigmaCorrelationRule, header: ours.Header) -> ours.Correlation:
    kind = rule.type.name.lower()
    condition = rule.condition
    if kind not in _KINDS:
        raise _UnsupportedError(f"correlations of type {kind} are not run yet")
    if not isinstance(condition, SigmaCorrelationCondition) or rule.rules is None:
        raise _UnsupportedError("boolean correlation conditions are not run yet")
    op = condition.op.name.lower()
    if op not in _COUNTABLE:
        raise _UnsupportedError(f"a correlation condition with `{op}` asks for absence, which is not run yet")
    fields = condition.fieldref or ()
    return ours.Correlation(
        header=header,
        kind=kind,
        rules=tuple(reference.reference for reference in rule.rules),
        group_by=tuple(rule.group_by or ()),
        span=float(rule.timespan.seconds),
        op=op,
        count=int(condition.count),
        counted=(fields,) if isinstance(fields, str) else tuple(fields),
        aliases={
            alias.alias: {reference.reference: name for reference, name in alias.mapping.items()}
            for alias in rule.aliases
        },
        generate=bool(rule.generate),
    )


def _condition(node: Any) -> ours.Condition:
    match node:
        case conditions.ConditionAND():
            return ours.And(tuple(_condition(part) for part in node.args))
        case conditions.ConditionOR():
            return ours.Or(tuple(_condition(part) for part in node.args))
        case conditions.ConditionNOT():
            return ours.Not(_condition(node.args[0]))
        case conditions.ConditionFieldEqualsValueExpression():
            return _match(node.field, node.value, _is_encoded(node))
        case conditions.ConditionValueExpression():
            return _match(None, node.value, _is_encoded(node))
        case _:
            raise _UnsupportedError(f"a condition of type {type(node).__name__} is not known")


def _match(field: str | None, value: types.SigmaType, encoded: bool) -> ours.Condition:
    if isinstance(value, types.SigmaExpansion):
        return ours.Or(tuple(_match(field, each, encoded) for each in value.values))
    return ours.Match(field, _value(value, encoded))


def _is_encoded(node: Any) -> bool:
    """Tell whether a value was base64-encoded by a modifier: base64 means something else in another case."""
    while node is not None:
        if any(modifier.__name__.startswith("SigmaBase64") for modifier in getattr(node, "modifiers", ())):
            return True
        node = getattr(node, "parent", None)
    return False


def _value(value: types.SigmaType, encoded: bool) -> ours.Value:
    if isinstance(value, types.SigmaString):
        return _text(value, encoded)
    for kind, convert in _PLAIN:
        if isinstance(value, kind):
            return convert(value)
    raise _UnsupportedError(f"a value of type {type(value).__name__} is not known")


def _text(value: types.SigmaString, encoded: bool) -> ours.Text:
    parts: list[str | ours.Wild] = []
    for part in value.s:
        if isinstance(part, types.Placeholder):
            raise _UnsupportedError(f"the placeholder %{part.name}% has no value here")
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(ours.Wild.MANY if part is types.SpecialChars.WILDCARD_MULTI else ours.Wild.ONE)
    return ours.Text(tuple(parts), cased=encoded or isinstance(value, types.SigmaCasedString))


def _regex(value: types.SigmaRegularExpression) -> ours.Regex:
    if value.contains_placeholder():
        raise _UnsupportedError("a placeholder inside a regular expression has no value here")
    flags = "".join(sorted(flag.name[0].lower() for flag in value.flags if flag.name != "DOTALL"))
    dotall = "s" if types.SigmaRegularExpressionFlag.DOTALL in value.flags else ""
    return ours.Regex(value.regexp.to_plain_regex(), flags + dotall)


def _compare(value: types.SigmaCompareExpression) -> ours.Compare:
    op = value.op.name.lower()
    if op not in {"lt", "lte", "gt", "gte"} or isinstance(value.number, types.SigmaTimestampPart):
        raise _UnsupportedError(f"the comparison {op} is not run on this kind of value")
    return ours.Compare(op, value.number.number)


_PLAIN: tuple[tuple[type[types.SigmaType], Callable[[Any], ours.Value]], ...] = (
    (types.SigmaTimestampPart, lambda value: ours.TimePart(value.timestamp_part.name.lower(), int(value.number))),
    (types.SigmaNumber, lambda value: ours.Number(value.number)),
    (types.SigmaBool, lambda value: ours.Boolean(value.boolean)),
    (types.SigmaNull, lambda _value: ours.Null()),
    (types.SigmaExists, lambda value: ours.Exists(value.exists)),
    (types.SigmaRegularExpression, _regex),
    (types.SigmaCIDRExpression, lambda value: ours.Network(value.network)),
    (types.SigmaCompareExpression, _compare),
    (types.SigmaFieldReference, lambda value: ours.FieldRef(value.field, value.starts_with, value.ends_with)),
)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
