"""`holdfast inventory validate`: every fault of a site, and whether Ansible reads its inventories as we do."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, HoldfastError

if TYPE_CHECKING:
    from inventory.agreement import Difference
    from inventory.ansible_inventory import Ansible
    from inventory.site import Site


def validate(
    context: typer.Context,
    no_ansible: Annotated[bool, typer.Option("--no-ansible", help="Do not compare with Ansible.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """Check the whole site; every fault comes with its file, line and key.

    Who belongs to which group and how each host is reached is compared with what ansible-inventory says.

    Example: holdfast inventory validate --json
    """
    from inventory import days
    from inventory.ansible_inventory import Ansible, cache_directory
    from inventory.lines import SiteError

    here = current(context)
    ansible = Ansible(cache_directory(os.environ), here.clock.now(), fresh=True)
    try:
        site = _loaded(here.root, ansible)
    except SiteError as error:
        if not json:
            raise
        problems = [problem.to_json() for problem in error.problems]
        output.document({"valid": False, "problems": problems, "ansible": "unchecked"})
        return error.exit_code
    said = _said(site, days.clock_time(here.clock.now(), site.settings.timezone))
    try:
        found = None if no_ansible else _differences(site, ansible)
    except HoldfastError as error:
        if not json:
            raise HoldfastError(
                f"the site was not compared with Ansible: {error.message}",
                hint="mend that, or leave the comparison out with --no-ansible",
            ) from error
        output.document({"valid": False, "ansible": "unchecked", "why": error.message} | said)
        return error.exit_code
    return _tell_json(said, found) if json else _tell(site, said, found)


def _differences(site: Site, ansible: Ansible) -> tuple[Difference, ...]:
    from inventory import agreement
    from inventory.lines import SiteError

    try:
        with output.progress("asking Ansible how it reads the inventories"):
            answer = ansible(site.inventories, ())
    except SiteError as error:  # we could read what Ansible cannot
        return tuple(agreement.Difference(str(one.file), "an inventory", one.what) for one in error.problems)
    return agreement.differences(site.members, site.hosts, answer)


def _loaded(root: Path, ansible: Ansible) -> Site:
    """Read a site with its runbooks; a system's runbook and the control that is waived must be there.

    Raises:
        SiteError: every fault of all of it.
    """
    from incident import runbook
    from inventory import site as sites
    from inventory.lines import Problem, SiteError
    from inventory.references import Elsewhere
    from playbooks import controls

    problems: list[Problem] = []
    try:
        runbook.load(root)
    except SiteError as error:
        problems += error.problems
    try:
        names = Elsewhere(runbook.names(root), list(controls.shipped()))
        site = sites.load(root, ansible=ansible, names=names)
    except SiteError as error:
        raise SiteError([*error.problems, *problems], hint=error.hint) from error
    if problems:
        raise SiteError(problems, hint="mend the lines named, then run: holdfast inventory validate")
    return site


def _said(site: Site, now: datetime) -> dict[str, Any]:
    from inventory import register_warnings, warnings

    remarks = [*warnings.of(site, now.date()), *register_warnings.of(site, now)]
    found = [warning.to_json() for warning in remarks]
    counts = {"systems": len(site.systems), "hosts": len(site.hosts), "people": len(site.people.people)}
    return {"problems": [], "warnings": found} | counts


def _tell_json(said: dict[str, Any], found: tuple[Difference, ...] | None) -> ExitCode:
    state = "unchecked" if found is None else "differs" if found else "agrees"
    differences = [one.to_json() for one in found or ()]
    output.document({"valid": not found} | said | {"ansible": state, "differences": differences})
    return ExitCode.USAGE if found else ExitCode.DONE


def _tell(site: Site, said: dict[str, Any], found: tuple[Difference, ...] | None) -> ExitCode:
    from inventory.errors import UsageError

    for warning in said["warnings"]:
        name = Path(warning["file"]).name
        output.line(f"warning: {warning['text']} ({name}:{warning['line']})")
    if found:
        lines = "\n".join(f"  {one}" for one in found)
        raise UsageError(
            f"Ansible reads the inventories otherwise than Holdfast:\n{lines}",
            hint="ansible-inventory -i inventory --graph --vars shows where; write it so that both read the same",
        )
    counts = ", ".join(f"{what}: {said[what]}" for what in ("systems", "hosts", "people"))
    how = "not compared with Ansible" if found is None else "Ansible reads it the same way"
    output.line(f"{site.root} is valid ({counts}); {how}")
    return ExitCode.DONE
