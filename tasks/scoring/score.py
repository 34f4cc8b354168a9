"""Scoring what has arrived: the orchestrator's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from aemodels.io.formats import kind_of
from tasks.ledger import finished
from tasks.scoring.arrivals import Arrival, arrived_since, look, look_again, part_complete
from tasks.scoring.batch import drain_batch
from tasks.scoring.choose_bundle import choose_scorers, model_address, wanted
from tasks.scoring.request import FileOutcome, FilledRequest, ScoreRequest, ScoreSummary, score_page, summarise
from tasks.scoring.worker_session import Desk, at_work, tidy
from tasks.settings import Settings

__all__ = [
    "BlockedError",
    "Inbox",
    "ScoreRequest",
    "ScoreSummary",
    "at_work",
    "check_outbox",
    "find_arrivals",
    "find_latecomers",
    "model_links",
    "score_batch",
    "score_page",
    "summarise",
]


class BlockedError(SondeflowError):
    """Scores cannot be written: no file's fault, and nothing that the next file would not meet too."""


@dataclass(frozen=True)
class Inbox:
    """What a look at the inbox gave: batches to score, files that are too young, and what is settled already."""

    batches: tuple[tuple[Arrival, ...], ...] = ()
    young: tuple[Arrival, ...] = ()
    outcomes: tuple[FileOutcome, ...] = ()


@task(
    name="find-arrivals",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    retry_jitter_factor=1.0,
    timeout_seconds=3600,
)
def find_arrivals(request: FilledRequest, settings: Settings) -> Inbox:
    """The files that need scoring, in batches; first the temporary files of dead workers are taken away."""
    with at_work(settings, request.outbox) as desk:
        tidy(desk)
        seen = look(request.inbox, Path(request.outbox))
        complete, young = part_complete(desk.ledger, seen.arrivals, request.settle_seconds)
        if request.since is not None:
            complete, young = ([a for a in some if arrived_since(a, request.since)] for some in (complete, young))
        pending, outcomes = _without_finished(desk, complete, request)
    outcomes += [FileOutcome(path=path, fate="left", findings=(finding,)) for path, finding in seen.problems]
    return Inbox(batches=_batches(pending, request, settings), young=tuple(young), outcomes=tuple(outcomes))


@task(name="find-latecomers", cache_policy=NO_CACHE)
def find_latecomers(young: Sequence[Arrival], request: FilledRequest, settings: Settings) -> Inbox:
    """Files that have not changed since the first look, after the settling time; what still grows is left."""
    complete, growing = look_again(young, request.settle_seconds)
    return Inbox(
        batches=_batches(complete, request, settings), outcomes=tuple(_arriving(arrival) for arrival in growing)
    )


@task(name="score-batch", cache_policy=NO_CACHE)
def score_batch(arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings) -> list[FileOutcome]:
    """Score a batch of files by the champions of this moment; a bad file fails alone."""
    with at_work(settings, request.outbox) as desk:
        return drain_batch(desk, arrivals, request)


def check_outbox(summary: ScoreSummary) -> ScoreSummary:
    """The summary, if scores could be written.

    Raises:
        BlockedError: if not, with the cause; what was published until then stays published.
    """
    causes = [f for outcome in summary.outcomes for f in outcome.findings if f.code == "blocked"]
    if causes:
        raise BlockedError(
            f"{causes[0].found}; expected an outbox and a bundle that work; {summary.scored} files were published "
            f"before, {len(causes)} wait for the next run; {causes[0].remedy}"
        )
    return summary


def model_links(summary: ScoreSummary, settings: Settings) -> Mapping[str, str]:
    """Address in MLflow by label of the models that scored."""
    labels = {outcome.model for outcome in summary.outcomes if outcome.fate == "scored" and outcome.model}
    parts = {label: label.rpartition("-v") for label in labels}
    return {
        label: model_address(settings, name, version)
        for label, (name, _, version) in parts.items()
        if version.isdigit()
    }


def _without_finished(
    desk: Desk, arrivals: Sequence[Arrival], request: FilledRequest
) -> tuple[list[Arrival], list[FileOutcome]]:
    """Files whose content the ledger knows and needs no more are skipped without being read."""
    known = [arrival for arrival in arrivals if arrival.sha256]
    if not known:
        return list(arrivals), []
    scorers = choose_scorers({kind_of(arrival.path) for arrival in known}, request, desk.settings)
    wishes = {arrival.path: wanted(arrival.path, arrival.sha256, scorers, request) for arrival in known}
    over = finished(desk.ledger, [wish for wish in wishes.values() if wish is not None])
    done = {path for path, wish in wishes.items() if wish is not None and wish.key in over}
    skipped = [
        FileOutcome(path=arrival.shown, fate="skipped", sha256=arrival.sha256)
        for arrival in known
        if arrival.path in done
    ]
    return [arrival for arrival in arrivals if arrival.path not in done], skipped


def _batches(
    arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings
) -> tuple[tuple[Arrival, ...], ...]:
    """Batches of the size asked for; smaller ones where that leaves a worker without any."""
    size = max(1, min(request.batch, -(-len(arrivals) // settings.workers)))
    return tuple(tuple(arrivals[start : start + size]) for start in range(0, len(arrivals), size))


def _arriving(arrival: Arrival) -> FileOutcome:
    found = "it changed within the settling time, or is younger than that"
    remedy = "none needed: the next run takes it"
    finding = Finding("info", "still-arriving", "file", found, "a file that has stopped changing", remedy)
    return FileOutcome(path=arrival.shown, fate="left", findings=(finding,))
