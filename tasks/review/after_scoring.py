"""Prefect task: what was reviewed is shown in the outbox and logged per model version, after each scoring run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.core.progress import tell
from aemodels.io.files.atomic import atomic_path
from aemodels.report.model_card.card import table
from aemodels.review.document import Review
from tasks.field.score_files import list_score_files
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.review.apply import apply_reviews
from tasks.settings import Settings
from tasks.storage.refs import digest_of

SHOWN = ("precision", "missed", "kappa")


@task(name="use-reviews", cache_policy=NO_CACHE, timeout_seconds=3600)
def use_reviews(outbox: str, settings: Settings) -> str:
    """Apply the kept reviews to an outbox and log them to MLflow, and return what was done as Markdown.

    What was done before is done again only if there are other reviews, or reviewed files were scored again. Scores are
    published by now, so whatever fails is reported, fails nothing, and is tried again by the next run.

    Returns:
        "" if there is nothing new.
    """
    folder = Path(outbox)
    reviews = kept_reviews(open_ledger(settings.ledger_url))
    if not reviews or not (folder / "scores").is_dir():
        return ""
    path = settings.home / "reviews" / f"{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json"
    done, parts = _done(path), []
    hashes = sorted(review.content_hash for review in reviews)
    reviewed = {review.sha256 for review in reviews}
    states = [one.state for one in list_score_files(folder) if one.sha256 in reviewed]
    applied = digest_of([hashes, [state.replace(".reviewed.html", ".html") for state in states]])
    steps: dict[str, tuple[str, Callable[[], str]]] = {
        "applied": (applied, lambda: _applied(folder, reviews, settings)),
        "recorded": (digest_of(hashes), lambda: _recorded(reviews, settings)),
    }
    for name, (key, step) in steps.items():
        if done.get(name) == key:
            continue
        try:
            parts.append(step())
            done = {**done, name: key}
        except Exception as error:  # noqa: BLE001 - of many libraries; none may fail a run whose scores are published
            tell("reviews not %s: %s: %s", name, type(error).__name__, error)
            parts.append(f"Not {name}; the next run tries again: {' '.join(str(error).split())[:300]}")
    if parts:
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


def _applied(outbox: Path, reviews: Sequence[Review], settings: Settings) -> str:
    rows = apply_reviews(outbox, reviews, settings)
    problems = [problem for row in rows for problem in row["problems"]]
    decisions = sum(row["decisions"] for row in rows)
    return "\n".join([f"{decisions} decisions are shown in {len(rows)} files.", *(f"- {text}" for text in problems)])


def _recorded(reviews: Sequence[Review], settings: Settings) -> str:
    from tasks.review.record import record_reviews
    from tasks.tracking import available_store

    with available_store(settings):
        rows = record_reviews.fn(reviews, settings)
    return table(["bundle", "result", *SHOWN], [[row["bundle"], row["result"], *_metrics(row)] for row in rows])


def _metrics(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['metrics'][name]:.3g}" if name in row["metrics"] else "-" for name in SHOWN]
