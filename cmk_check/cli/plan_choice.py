"""The accounts that ``plan`` is asked for: one, or many in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from cmk_check.cli.new_folder import new_folder


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """The accounts to plan for, and how: those of an owner, of some subscriptions, or all.

    ``vault`` and ``key`` are as ``plan_for`` takes them.
    """

    owner: str | None = None
    subscriptions: Sequence[str] = ()
    share_vault: bool = False
    vault: str | None = None
    key: str | None = None


def check_options(
    account: str | None, choice: PlanChoice, out: Path | None, *, every: bool, is_az: bool
) -> None:
    """Check that the options name one account, or a folder and the accounts for it.

    Raises:
        BadParameter: they do not.

    """
    is_many = every or choice.owner is not None or bool(choice.subscriptions)
    if (account is not None) == is_many:
        raise typer.BadParameter(
            "must be an account, or one of --owner, --subscription and --all", param_hint="ACCOUNT"
        )
    if every and (choice.owner is not None or choice.subscriptions):
        raise typer.BadParameter(
            "must be used without --owner and --subscription", param_hint="--all"
        )
    if not is_many:
        for name, given in (("--out", out is not None), ("--share-vault", choice.share_vault)):
            if given:
                raise typer.BadParameter(
                    "must be used with --owner, --subscription or --all", param_hint=name
                )
        return
    if out is None:
        raise typer.BadParameter("must name a new folder", param_hint="--out")
    new_folder(out)
    if choice.share_vault and choice.vault is not None:
        raise typer.BadParameter("must be used without --vault", param_hint="--share-vault")
    if not is_az:
        raise typer.BadParameter("must be az for a folder of plans", param_hint="--format")
