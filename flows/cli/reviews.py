"""Commands for reviews of flagged intervals: reviews add, list, summary, export, apply, record, serve."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.console import FAILED, Answer, BadUsageError, answering

if TYPE_CHECKING:
    from sqlalchemy import Engine

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Sha = Annotated[str, typer.Option("--sha", help="Only contents whose sha256 begins with this.")]
SHOWN = ("well", "author", "made_at", "action", "top_m", "base_m", "curves", "reason", "note")
FORMATS = (".json", ".parquet")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Keep, list and export reviews that were saved from reports.")
    group.command("add")(add)
    group.command("list")(show)
    group.command("summary")(summary)
    group.command("export")(export)
    group.command("apply")(apply)
    group.command("record")(record)
    group.command("serve")(serve)
    app.add_typer(group, name="reviews")


def add(
    files: Annotated[list[Path], typer.Argument(help="Reviews saved from reports (JSON), or folders of such.")],
    as_json: Json = False,
) -> None:
    """Validate reviews and keep each once, with author and time; the files are left as they are."""
    with answering("reviews add", as_json=as_json) as answer:
        from tasks.review.keep import keep_reviews
        from tasks.settings import Settings

        _show_kept(answer, keep_reviews(_expanded(files), Settings()))


def show(sha: Sha = "", as_json: Json = False) -> None:
    """List the decisions of the kept reviews: the last one of each author on each interval."""
    with answering("reviews list", as_json=as_json) as answer:
        rows = _rows(sha)
        answer.data |= {"decisions": rows, "count": len(rows)}
        answer.show("Decisions", [{key: row[key] for key in SHOWN} for row in rows])


def summary(sha: Sha = "", as_json: Json = False) -> None:
    """Count the reviewed flags that are right, what was missed, and how far reviewers agree."""
    with answering("reviews summary", as_json=as_json) as answer:
        from aemodels.review.agreement import agreement_rows, flag_rows
        from aemodels.review.document import latest_decisions
        from tasks.ledger.reviews import kept_reviews

        counted = latest_decisions(kept_reviews(_ledger(), sha))
        flags, agreement = flag_rows(counted), agreement_rows(counted)
        answer.data |= {"flags": flags, "agreement": agreement}
        answer.show("Reviewed flags", flags)
        answer.show("Agreement of reviewers", agreement)


def export(
    out: Annotated[Path, typer.Argument(help="File to write: .json or .parquet.")], sha: Sha = "", as_json: Json = False
) -> None:
    """Write the decisions as a table of labelled intervals."""
    with answering("reviews export", as_json=as_json) as answer:
        if out.suffix.lower() not in FORMATS:
            raise BadUsageError(f"{out} ends in {out.suffix or 'nothing'}; expected {' or '.join(FORMATS)}")
        from tasks.review.export import write_decisions

        rows = _rows(sha)
        write_decisions(rows, out)
        answer.data |= {"written": str(out), "count": len(rows)}
        answer.say(f"{len(rows)} decisions written to {out}")


def apply(
    outbox: Annotated[str, typer.Argument(help="Folder or s3:// address that `sondeflow score` wrote to.")],
    as_json: Json = False,
) -> None:
    """Show the kept reviews in copies of the reports and LAS files of an outbox, and on its field page.

    Reviews that lie in its folder `reviews` are kept first.
    """
    with answering("reviews apply", as_json=as_json) as answer:
        from tasks.ledger.reviews import kept_reviews
        from tasks.review.keep import keep_dropped, list_dropped
        from tasks.review.reviewed_outbox import open_reviewed
        from tasks.settings import Settings

        settings = Settings()
        _show_kept(answer, keep_dropped(list_dropped(outbox), settings))
        reviews = kept_reviews(_ledger())
        rows = open_reviewed(outbox, {review.sha256 for review in reviews}, settings).apply(reviews, settings)
        answer.data["wells"] = rows
        answer.code = FAILED if any(row["problems"] for row in rows) else answer.code
        shown = [{**row, "sha256": row["sha256"][:12], "written": len(row["written"])} for row in rows]
        answer.show(
            "Reviewed wells", [{key: value for key, value in row.items() if key != "problems"} for row in shown]
        )
        for row in rows:
            for problem in row["problems"]:
                answer.say(problem)


def record(as_json: Json = False) -> None:
    """Log to MLflow how each model version does against the reviews of its flags; its card shows it."""
    with answering("reviews record", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from tasks.ledger.reviews import kept_reviews
        from tasks.review.record import record_reviews
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        rows = record_reviews.fn(kept_reviews(_ledger()), settings)
        answer.data["versions"] = rows
        shown = ("precision", "missed", "kappa")
        answer.show(
            "Reviewed versions",
            [
                {"bundle": row["bundle"], "result": row["result"], **{key: row["metrics"].get(key) for key in shown}}
                for row in rows
            ],
        )


def serve(
    outbox: Annotated[Path, typer.Argument(help="Folder that `sondeflow score` wrote to.")],
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on this machine.")] = 4300,
    as_json: Json = False,
) -> None:
    """Serve the reports of an outbox on this machine and keep the reviews that they send; Ctrl-C ends it."""
    with answering("reviews serve", as_json=as_json) as answer:
        from flows.server.review_server import review_app, serve_reviews, token_file
        from tasks.settings import Settings

        settings = Settings()
        app, address = review_app(outbox, settings, port)
        sys.stderr.write(f"open {address}\nit holds the token of {token_file(settings)}: keep it to yourself\n")
        answer.data["token_file"] = str(token_file(settings))
        serve_reviews(app, port)


def _show_kept(answer: Answer, rows: list[dict[str, Any]]) -> None:
    answer.data["reviews"] = rows
    answer.code = FAILED if any(row["result"] == "refused" for row in rows) else 0
    if rows:
        answer.show("Reviews", [{**row, "review": row["review"][:12]} for row in rows])


def _expanded(paths: list[Path]) -> list[Path]:
    """Return the files, and the reviews below the folders."""
    from aemodels.review.document import SUFFIX

    found = []
    for path in paths:
        below = sorted(one for one in path.rglob(f"*{SUFFIX}") if one.is_file()) if path.is_dir() else []
        found += below or [path]
    return found


def _rows(sha: str) -> list[dict[str, Any]]:
    from aemodels.review.document import decision_rows
    from tasks.ledger.reviews import kept_reviews

    return decision_rows(kept_reviews(_ledger(), sha))


def _ledger() -> Engine:
    from tasks.ledger import open_ledger
    from tasks.settings import Settings

    return open_ledger(Settings().ledger_url)
