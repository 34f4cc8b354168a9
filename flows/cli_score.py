"""Commands on what arrives: score, ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.console import FAILED, BadUsageError, answering

if TYPE_CHECKING:
    from sqlalchemy import Engine

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(score)
    app.command()(ledger)


def score(
    inbox: Annotated[Path, typer.Argument(help="A folder (nested or not) or a file.")],
    out: Annotated[Path, typer.Option("--out", help="Where scores go.")],
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="A models:/ URI or a bundle folder; the champions without one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Drain the inbox once: score what the ledger does not have, quarantine what cannot be used."""
    with answering("score", as_json=as_json) as answer:
        from flows.runtime import prepare_environment, run_flow
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from flows.score import ScoreRequest
        from flows.score import score as flow

        request = ScoreRequest(inbox=str(inbox.resolve()), outbox=str(out.resolve()), bundle=bundle)
        summary = run_flow(flow, settings, request=request)
        answer.data = summary.model_dump(mode="json")
        answer.code = FAILED if summary.quarantined or summary.failed or summary.left else 0
        columns = ("path", "fate", "rows", "flagged", "seconds")
        rows = [outcome.model_dump(mode="json") for outcome in summary.outcomes]
        answer.show("Arrivals", [{key: row[key] for key in columns} for row in rows])
        for outcome in summary.outcomes:
            if outcome.fate not in {"scored", "skipped"}:
                for finding in outcome.findings:
                    answer.say(f"{outcome.path}: {finding}")
        answer.say(
            f"{summary.files} files, {summary.new} new: {summary.scored} scored ({summary.flagged} with flagged rows), "
            f"{summary.quarantined} quarantined, {summary.failed} failed, {summary.left} left; "
            f"{summary.skipped} skipped, {out}"
        )


def ledger(
    state: Annotated[
        Literal["claimed", "published", "quarantined", "failed"] | None, typer.Option(help="Only this state.")
    ] = None,
    sha: Annotated[str, typer.Option("--sha", help="Only contents whose sha256 begins so.")] = "",
    retry: Annotated[str, typer.Option(help="Let contents whose sha256 begins so be scored again.")] = "",
    forget: Annotated[str, typer.Option(help="Delete the rows of contents whose sha256 begins so.")] = "",
    as_json: Json = False,
) -> None:
    """List what has arrived; or let it be scored again, or forget it."""
    with answering("ledger", as_json=as_json) as answer:
        from tasks.ledger import entries, open_ledger
        from tasks.settings import Settings

        engine = open_ledger(Settings().ledger_url)
        changed = _change(engine, retry, forget)
        if changed is not None:
            answer.data["changed"] = changed
            answer.code = 0 if changed else FAILED
            answer.say(f"{changed} rows changed")
        rows = [_row(entry) for entry in entries(engine, state=state, sha256=sha)]
        answer.data |= {"entries": rows, "count": len(rows)}
        columns = ("sha256", "model", "version", "state", "attempts", "source", "claimed_at", "reason")
        answer.show("Ledger", [{key: _short(key, row[key]) for key in columns} for row in rows])


def _change(engine: Engine, retry: str, forget: str) -> int | None:
    from tasks import ledger as book

    if retry and forget:
        raise BadUsageError("--retry and --forget exclude each other; give one of them")
    try:
        if retry:
            return book.retry(engine, retry)
        return book.forget(engine, forget) if forget else None
    except ValueError as error:
        raise BadUsageError(str(error)) from error


def _row(entry: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(entry)


def _short(key: str, value: Any) -> Any:
    return {"sha256": str(value)[:12], "claimed_at": str(value)[:19], "reason": str(value)[:120]}.get(key, value)
