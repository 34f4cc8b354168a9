"""Commands for arriving files: score, ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.console import FAILED, BadUsageError, answering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tasks.ledger import Filter

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Since = Annotated[datetime | None, typer.Option("--since", help="Local time, e.g. 2026-01-31 or 2026-01-31T06:00:00.")]
SHOWN = ("sha256", "model", "version", "state", "attempts", "source", "claimed_at", "reason")
WIDTHS = {"sha256": 12, "claimed_at": 19, "reason": 120}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(score)
    app.command()(ledger)


def score(  # noqa: PLR0913, PLR0917 - one option each
    inbox: Annotated[str, typer.Argument(help="A folder (nested or not), a file, or an s3:// address.")],
    out: Annotated[Path, typer.Option("--out", help="Output folder.")],
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="A models:/ URI or a bundle folder; default: the champions.")
    ] = None,
    since: Since = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Also score earlier contents, stored beside older results; with --since: those that arrived since.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Score the files of an inbox that the ledger does not contain; quarantine unusable ones."""
    with answering("score", as_json=as_json) as answer:
        from flows.environment import prepare_environment, run_flow
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from flows.score import score as flow
        from tasks.scoring.request import ScoreRequest

        source = inbox if "://" in inbox else str(Path(inbox).resolve())
        request = ScoreRequest(
            inbox=source, outbox=str(out.resolve()), bundle=bundle, since=since, rescore="all" if everything else "new"
        )
        summary = run_flow(flow, settings, request=request)
        answer.data = summary.model_dump(mode="json")
        answer.code = FAILED if any(outcome.is_fault for outcome in summary.outcomes) else 0
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


def ledger(  # noqa: PLR0913, PLR0917 - one option each
    state: Annotated[
        Literal["discovered", "stable", "claimed", "scored", "published", "quarantined", "failed"] | None,
        typer.Option(help="Only this state."),
    ] = None,
    model: Annotated[str, typer.Option(help="Only this model, e.g. sondeflow-logs or sondeflow-logs-v3.")] = "",
    name: Annotated[str, typer.Option(help="Only paths that contain this text.")] = "",
    sha: Annotated[str, typer.Option("--sha", help="Only contents whose sha256 begins with this.")] = "",
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows.")] = 1000,
    retry: Annotated[
        str,
        typer.Option(
            help="Allow contents whose sha256 begins with this to be scored again; all: those that match the filters."
        ),
    ] = "",
    forget: Annotated[
        str,
        typer.Option(
            help="Delete the rows of contents whose sha256 begins with this; all: those that match the filters."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """List arrived files, allow them to be scored again, or delete them from the ledger."""
    with answering("ledger", as_json=as_json) as answer:
        from datetime import UTC

        from tasks.ledger import Filter, entries, open_ledger
        from tasks.settings import Settings

        engine = open_ledger(Settings().ledger_url)
        moment = since.astimezone(UTC).isoformat() if since else ""
        which = Filter(state=state, model=model, sha256=sha, name=name, since=moment)
        changed = _change(engine, which, retry, forget)
        if changed is not None:
            answer.data["changed"] = changed
            answer.code = 0 if changed else FAILED
            answer.say(f"{changed} rows changed")
        rows = [_row(entry) for entry in entries(engine, which, limit=limit)]
        answer.data |= {"entries": rows, "count": len(rows)}
        answer.show("Ledger", [{key: _short(key, row[key]) for key in SHOWN} for row in rows])


def _change(engine: Engine, which: Filter, retry: str, forget: str) -> int | None:
    import dataclasses

    from tasks import ledger as book

    if not (retry or forget):
        return None
    if retry and forget:
        raise BadUsageError("--retry and --forget are mutually exclusive; give one of them")
    prefix = retry or forget
    if prefix == "all":
        if which == book.Filter():
            raise BadUsageError("all needs a filter; add one: --state, --model, --name, --sha or --since")
    elif len(prefix) < 6:
        raise BadUsageError(f"hash is {prefix!r}; give at least its first 6 digits, or all with a filter")
    else:
        which = dataclasses.replace(which, sha256=prefix)
    return book.retry(engine, which) if retry else book.forget(engine, which)


def _row(entry: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(entry)


def _short(key: str, value: Any) -> Any:
    return str(value)[: WIDTHS[key]] if key in WIDTHS else value
