"""Prefect task: what was reviewed is shown in the outbox and logged per model version, after each scoring run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.core.progress import tell
from aemodels.io.files.atomic import atomic_path
from aemodels.io.remote import local_path
from aemodels.report.model_card.card import table
from aemodels.review.document import Review
from tasks.field.score_files import REVIEWED, list_score_files
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.review.keep import REFUSED, keep_dropped, list_dropped
from tasks.review.reviewed_outbox import open_reviewed
from tasks.settings import Settings
from tasks.storage.refs import digest_of

SHOWN = ("precision", "missed", "kappa")


@task(name="use-reviews", cache_policy=NO_CACHE, timeout_seconds=3600)
def use_reviews(outbox: str, settings: Settings) -> str:
    """Keep the reviews that lie in an outbox, apply all kept ones to it, and log them to MLflow.

    What was done before is done again only if there are other reviews, or reviewed files were scored again. Scores are
    published by now, so whatever fails is reported, fails nothing, and is tried again by the next run.

    Args:
        outbox: its path or URL.
        settings: ledger, home and tracking store.

    Returns:
        What was done as Markdown, "" if there is nothing new.
    """
    local = local_path(outbox)
    where = outbox.rstrip("/") if local is None else str(local.resolve())
    path = settings.home / "reviews" / f"{hashlib.sha256(where.encode()).hexdigest()[:16]}.json"
    before = done = _done(path)
    parts: list[str] = []
    for name, step in (("kept", _keep), ("applied", _apply), ("recorded", _record)):
        try:
            key, text = step(done.get(name, ""), outbox, settings)
        except Exception as error:  # noqa: BLE001 - of many libraries; none may fail a run whose scores are published
            tell("reviews not %s: %s: %s", name, type(error).__name__, error)
            parts.append(f"Not {name}; the next run tries again: {' '.join(str(error).split())[:300]}")
            continue
        parts += [text] if text else []
        done = {**done, name: key}
    if done != before:
        with atomic_path(path) as target:
            target.write_text(json.dumps(done), encoding="utf-8")
    return "\n\n".join(["# Reviews", *parts]) if parts else ""


def _done(path: Path) -> Mapping[str, str]:
    """Return what the last run did, {} if that is not known."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(done: str, outbox: str, settings: Settings) -> tuple[str, str]:
    """Keep what lies in the folder `reviews` of the outbox, and return the key of that and what to report."""
    dropped = list_dropped(outbox)
    key = digest_of([[one.address, one.stamp] for one in dropped])
    if key == done or not dropped:
        return key, ""
    rows = keep_dropped(dropped, settings)
    kept = sum(row["result"] == "kept" for row in rows)
    refused = [f"- {row['file']}: {row['problem']}" for row in rows if row["result"] == REFUSED]
    return key, "\n".join([f"{kept} reviews of the outbox are kept.", *refused]) if kept or refused else ""


def _apply(done: str, outbox: str, settings: Settings) -> tuple[str, str]:
    reviews = kept_reviews(open_ledger(settings.ledger_url))
    local = local_path(outbox)
    if not reviews or (local is not None and not (local / "scores").is_dir()):
        return done, ""
    reviewed = {review.sha256 for review in reviews}
    place = open_reviewed(outbox, reviewed, settings)
    states = [one.state.replace(REVIEWED, ".html") for one in list_score_files(place.folder) if one.sha256 in reviewed]
    key = digest_of([_hashes(reviews), states])
    if key == done:
        return key, ""
    rows = place.apply(reviews, settings)
    problems = [problem for row in rows for problem in row["problems"]]
    decisions = sum(row["decisions"] for row in rows)
    shown = f"{decisions} decisions are shown in {len(rows)} files."
    return key, "\n".join([shown, *(f"- {text}" for text in problems)])


def _record(done: str, outbox: str, settings: Settings) -> tuple[str, str]:
    reviews = kept_reviews(open_ledger(settings.ledger_url))
    key = digest_of(_hashes(reviews))
    if key == done or not reviews:
        return key, ""
    from tasks.review.record import record_reviews
    from tasks.tracking import available_store

    with available_store(settings):
        rows = record_reviews.fn(reviews, settings)
    return key, table(["bundle", "result", *SHOWN], [[row["bundle"], row["result"], *_metrics(row)] for row in rows])


def _hashes(reviews: Sequence[Review]) -> list[str]:
    return sorted(review.content_hash for review in reviews)


def _metrics(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['metrics'][name]:.3g}" if name in row["metrics"] else "-" for name in SHOWN]
