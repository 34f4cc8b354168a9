"""Commands for arriving files: score, ledger."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from flows.console import FAILED, Answer, BadUsageError, answering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tasks.ledger import Filter
    from tasks.scoring.request import FileOutcome, ScoreRequest, ScoreSummary
    from tasks.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Since = Annotated[datetime | None, typer.Option("--since", help="Local time, e.g. 2026-01-31 or 2026-01-31T06:00:00.")]
SHOWN = ("sha256", "model", "version", "state", "attempts", "source", "claimed_at", "reason")
NOTED = (
    "unfamiliar",
    "not-judged",
    "registry-unavailable",
)  # findings on the well as a whole, which a reviewer must not miss
MAX_LISTED_REPORTS = 20
LOST = "lost"
WIDTHS = {"sha256": 12, "claimed_at": 19, "reason": 120}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(score)
    app.command()(ledger)


def score(  # noqa: PLR0913, PLR0917 - one option each
    paths: Annotated[list[str], typer.Argument(help="Files, folders (nested or not), or one s3:// address.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            help="Output folder, for an inbox also an s3:// address; default: `scored` beside the files or in the "
            "folder.",
        ),
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            "--bundle",
            help="A models:/ URI, a bundle folder or its s3:// address, or the name of a shipped bundle; default: the "
            "champions, else the shipped bundles.",
        ),
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
    """Score files now, or drain an inbox: one folder or s3:// address with --out, each content once by the ledger."""
    with answering("score", as_json=as_json) as answer:
        summary = _drained(paths, out, bundle, since, everything) if _is_inbox(paths, out) else None
        if summary is None:
            if since or everything:
                raise BadUsageError("--all and --since are for an inbox: give one folder and --out")
            summary = _scored_now(paths, out, bundle)
        answer.data = summary.model_dump(mode="json")
        for row in answer.data["outcomes"]:
            row["bundle"] = row["model"]
        answer.code = FAILED if any(outcome.is_fault for outcome in summary.outcomes) else 0
        answer.show("Scored", [_summary_row(outcome) for outcome in summary.outcomes])
        _say_details(answer, summary)
        if out is not None and (missing := _scored_elsewhere(summary, out)):
            answer.data["elsewhere"] = missing
            answer.say(
                f"{missing} of the skipped files have no results in {out}: they were scored into another outbox; "
                "`sondeflow ledger --retry` lets them be scored again"
            )


def _is_inbox(paths: list[str], out: str | None) -> bool:
    if len(paths) != 1 or out is None:
        return False
    from aemodels.io.volume.store import is_store_folder

    return "://" in paths[0] or (Path(paths[0]).is_dir() and not is_store_folder(Path(paths[0])))


def _drained(
    paths: list[str], out: str | None, bundle: str | None, since: datetime | None, everything: bool
) -> ScoreSummary:
    """Score an inbox once: by this process or Dask workers of its own, or as a flow if there is a Prefect server.

    An existing scheduler of Dask needs a server, which the flow asks for.
    """
    from flows.environment import prepare_environment
    from tasks.scoring.request import ScoreRequest
    from tasks.settings import Settings

    settings = Settings()
    prepare_environment(settings)
    source = paths[0] if "://" in paths[0] else str(Path(paths[0]).resolve())
    request = ScoreRequest(
        inbox=source,
        outbox=out if out and "://" in out else str(Path(out or "").resolve()),
        bundle=bundle,
        since=since,
        rescore="all" if everything else "new",
    )
    if "PREFECT_API_URL" in os.environ or settings.dask_scheduler:
        return _as_flow(request, settings)
    return _without_server(request, settings)


def _as_flow(request: ScoreRequest, settings: Settings) -> ScoreSummary:
    from flows.environment import run_flow
    from flows.score import score as flow

    found: ScoreSummary = run_flow(flow, settings, request=request)
    return found


def _without_server(request: ScoreRequest, settings: Settings) -> ScoreSummary:
    from flows.step_lines import step_lines

    if settings.task_runner == "dask":
        from flows.runners.dask_workers import dask_workers

        with step_lines(), dask_workers(settings) as spread:
            from tasks.lines.drain import score_on_workers  # imported while the workers start

            return score_on_workers(request.filled(settings), settings, spread)
    from tasks.scoring.inbox import score_inbox

    with step_lines():
        return score_inbox(request.filled(settings), settings)


def _scored_now(paths: list[str], out: str | None, bundle: str | None) -> ScoreSummary:
    """Score without flow and ledger; the process that scores loads its libraries while this one does."""
    from tasks.scoring.start_worker import start_worker

    remote = [path for path in paths if "://" in path]
    if remote:
        raise BadUsageError(f"{remote[0]} is an address: give it alone, with --out")
    if out and "://" in out:
        raise BadUsageError(f"{out} is an address: as --out it is for an inbox, one folder or s3:// address")
    one = len(paths) == 1 and Path(paths[0]).is_file()  # more files share the cores
    started = start_worker(os.cpu_count() or 1) if one else None
    from tasks.scoring.direct import score_files
    from tasks.settings import Settings

    return score_files(
        [Path(path).absolute() for path in paths],
        Settings(),
        outbox=Path(out).resolve() if out else None,
        bundle=bundle,
        started=started,
    )


def _summary_row(outcome: FileOutcome) -> dict[str, Any]:
    """Return what to know of a file at a glance: how much is flagged, the worst curve, and why."""
    notes = [finding.code for finding in outcome.findings if finding.code in NOTED]
    return {
        "file": Path(outcome.path).name,
        "fate": outcome.fate,
        "flagged": outcome.flags.count,
        "share of rows": f"{outcome.flagged / outcome.rows:.1%}" if outcome.rows else "",
        "worst": outcome.flags.worst,
        "reason": outcome.flags.reason,
        "note": ", ".join(notes),
        "bundle": outcome.model,
        "s": outcome.seconds,
    }


def _scored_elsewhere(summary: ScoreSummary, outbox: str) -> int:
    """Return the number of skipped files without results in this outbox: the ledger knows a content, not a place."""
    from aemodels.review.document import is_review
    from tasks.scoring.places.outbox import open_outbox

    skipped = {
        outcome.sha256
        for outcome in summary.outcomes
        if outcome.fate == "skipped" and outcome.sha256 and not is_review(outcome.path)
    }
    there = open_outbox(outbox, Path()).contents(skipped) if skipped else set()
    return sum(outcome.fate == "skipped" and outcome.sha256 in skipped - there for outcome in summary.outcomes)


def _say_details(answer: Answer, summary: ScoreSummary) -> None:
    for outcome in summary.outcomes:
        for finding in outcome.findings:
            if outcome.fate not in {"scored", "reviewed", "skipped"} or finding.code in NOTED:
                answer.say(f"{outcome.path}: {finding}")
    reports = [path for outcome in summary.outcomes for path in outcome.outputs if path.endswith(".html")]
    for path in reports[:MAX_LISTED_REPORTS]:
        answer.say(f"report: {path}")
    answer.say(
        f"{summary.files} files, {summary.new} new: {summary.scored} scored ({summary.flagged} with flagged rows), "
        f"{summary.reviewed} reviews kept, "
        f"{summary.quarantined} quarantined, {summary.failed} failed, {summary.left} left; {summary.skipped} skipped"
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
            help="Allow contents whose sha256 begins with this to be scored again; all: those that match the filters; "
            "lost, with --verify: those whose results are lost or altered."
        ),
    ] = "",
    forget: Annotated[
        str,
        typer.Option(
            help="Delete the rows of contents whose sha256 begins with this; all: those that match the filters."
        ),
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every result with its recorded hash; exit code 1 if one is lost.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List arrived files, verify their results, allow them to be scored again, or delete them from the ledger."""
    with answering("ledger", as_json=as_json) as answer:
        from datetime import UTC

        from tasks.ledger import Filter, entries, open_ledger
        from tasks.settings import Settings

        if verify and (forget or retry not in {"", LOST}):
            raise BadUsageError("--verify takes no other change than --retry lost")
        if retry == LOST and not verify:
            raise BadUsageError("--retry lost needs --verify, which finds what is lost")
        settings = Settings()
        engine = open_ledger(settings.ledger_url)
        if verify:
            _verify(answer, settings, engine, again=retry == LOST)
            return
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


def _verify(answer: Answer, settings: Settings, engine: Engine, *, again: bool) -> None:
    import dataclasses

    from tasks.ledger import allow_again, verify_outputs
    from tasks.scoring.places.inbox import OUTPUT_FOLDERS

    found = verify_outputs(engine, settings.outbox_folder, OUTPUT_FOLDERS)
    answer.code = FAILED if found.problems else 0
    answer.data = {
        "contents": found.contents,
        "files": found.files,
        "moved": found.moved,
        "lost_outboxes": found.lost_outboxes,
        "problems": [dataclasses.asdict(problem) for problem in found.problems],
        "retried": allow_again(engine, found.rows) if again else 0,
    }
    for folder, count in found.lost_outboxes.items():
        answer.say(
            f"the outbox {folder} is lost with {count} results: mount or restore it, set SONDEFLOW_OUTBOX to where it "
            "is now, or score its files again"
        )
    shown = [problem for problem in found.problems if not found.lost_outboxes or problem.kind != "lost"]
    if shown:
        rows = [
            {"result": p.path, "is": p.kind, "found": p.found, "source": p.source} for p in shown[:MAX_LISTED_REPORTS]
        ]
        answer.show("Results that are not as recorded", rows)
    answer.say(
        f"{found.contents} contents with {found.files} results: {len(found.problems)} lost or altered"
        + (f", {found.moved} found in {settings.outbox_folder}, where the outbox is now" if found.moved else "")
    )
    if again:
        answer.say(
            f"{answer.data['retried']} contents are scored again by the next run, if their files are still there"
        )
    elif found.problems:
        answer.say("to score these contents again: sondeflow ledger --verify --retry lost")


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
