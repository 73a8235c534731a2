"""`holdfast backup vault`: the online stores."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.context import current
from inventory.errors import ExitCode

vault = typer.Typer(name="vault", no_args_is_help=True, help="Online vaults.")


@vault.callback()
def _group() -> None:
    """Keep `renew` a word of its own although it is the only one."""


@vault.command()
def renew(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="VAULT", help="The vault's name in holdfast.yml.")],
    reason: Annotated[str, typer.Option("--reason", help="What became of the old one.")],
) -> ExitCode:
    """Give up a vault that is lost for good, so that the next backup begins a new one. Its keys are kept aside.

    Example: holdfast backup vault renew main --reason "destroyed in the attack of 23 November"
    """
    from backup import vault as vaults
    from backup.depot import Depot

    here = current(context)
    here.actor.may("operator", "responder")
    depot = Depot(here.site, here.state, here.ledger)
    vaults.renew(depot, depot.vault(name), reason)
    output.line(f"the vault {name} is given up; next: give it an empty directory, then: holdfast backup run --all")
    return ExitCode.DONE
