"""Command for the state of a whole field: field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.console import FAILED, answering

if TYPE_CHECKING:  # the command line starts faster without them
    from tasks.field.make import FieldResult
    from tasks.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
MAX_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(field)


def field(
    outbox: Annotated[str, typer.Argument(help="Folder or s3:// address that `sondeflow score` wrote to.")],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="HTML",
            help="Page to write; JSON and Parquet tables go beside it. An address in the folder "
            "`scorecard` of the outbox writes them there.",
        ),
    ] = "field.html",
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "Field scorecard",
    as_json: Json = False,
) -> None:
    """Rank the scored wells and lines of an outbox by what most needs eyes, on one page; reads new files only."""
    with answering("field", as_json=as_json) as answer:
        from tasks.settings import Settings

        result = _make(outbox, out, title, Settings())
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


def _make(outbox: str, out: str, title: str, settings: Settings) -> FieldResult:
    """Write the page on this machine, or into an outbox in an object store."""
    from aemodels.io.remote import local_path
    from tasks.field.local_outbox import local_outbox
    from tasks.field.make import FieldRequest, make_field
    from tasks.field.stored import make_stored_field, page_key

    page = local_path(out)
    if page is None:
        return make_stored_field(outbox, settings, page=page_key(out, outbox), title=title)
    return make_field(FieldRequest(outbox=local_outbox(outbox, settings), out=page, title=title), settings)


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, dict) else value
