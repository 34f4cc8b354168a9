"""Command for the state of a whole field: field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.console import FAILED, answering

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
MAX_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(field)


def field(
    outbox: Annotated[str, typer.Argument(help="Folder or s3:// address that `sondeflow score` wrote to.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="HTML", help="Page to write; JSON and Parquet tables go beside it.")
    ] = Path("field.html"),
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "Field scorecard",
    as_json: Json = False,
) -> None:
    """Rank the scored wells and lines of an outbox by what most needs eyes, on one page; reads new files only."""
    with answering("field", as_json=as_json) as answer:
        from tasks.field.local_outbox import local_outbox
        from tasks.field.make import FieldRequest, make_field
        from tasks.settings import Settings

        settings = Settings()
        folder = local_outbox(outbox, settings)
        result = make_field(FieldRequest(outbox=folder, out=out, title=title), settings)
        answer.data = result.model_dump(mode="json")
        answer.code = FAILED if result.unreadable else 0
        shown = ("rank", "name", "attention", "flagged", "share_flagged", "reasons", "contractor", "year")
        answer.show(
            "Most in need of eyes", [{key: _cell(row[key]) for key in shown} for row in result.files[:MAX_SHOWN]]
        )
        for problem in result.unreadable:
            answer.say(problem)
        answer.say(
            f"wells: {result.wells}, lines: {result.lines}, in quarantine: {result.quarantined}; score files read: "
            f"{result.read}; pairs with the same readings: {result.duplicates}; page: {result.page}"
        )


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, dict) else value
