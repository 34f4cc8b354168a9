"""Command that draws flagged intervals for a person to check: audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.console import FAILED, answering

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(audit)


def audit(  # noqa: PLR0913, PLR0917 - one option each
    data: Annotated[
        list[Path], typer.Option("--data", metavar="PATH", help="File or folder with well logs; repeatable.")
    ],
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="A models:/ URI or a bundle folder; default: the champion.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="HTML", help="Page to write.")] = Path("audit.html"),
    count: Annotated[int, typer.Option("--count", min=1, max=500, help="Maximum number of intervals per group.")] = 40,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the random samples.")] = 20,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="JSON", help="Answers downloaded from an earlier page.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the highest, a random sample and the rules' flagged intervals for a person to tick; nothing is recorded."""
    with answering("audit", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from tasks.search.audit import AuditRequest, make_audit

        request = AuditRequest(data=tuple(data), bundle=bundle, out=out, count=count, seed=seed, answers=answers)
        result = make_audit(request, settings)
        answer.data = result.model_dump(mode="json")
        answer.code = 0 if result.items else FAILED
        for path, finding in result.findings:
            answer.say(f"{path}: {finding}")
        answer.show("Share of right flags", [{"group": name, **row} for name, row in result.shares.items()])
        answer.say(f"{result.flagged} of {result.rows} depths flagged in {result.wells} wells; page: {result.page}")
