"""The gate: a challenger becomes champion only with evidence from the frozen hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle import Bundle
from aemodels.errors import SondeflowError
from tasks.experiment import EVIDENCE
from tasks.holdout import champion_summary
from tasks.prepare import PreparedRef, load_prepared
from tasks.settings import Settings
from tasks.tracking import (
    CHALLENGER,
    CHAMPION,
    ModelVersion,
    RunSpec,
    download_bundle,
    find,
    get,
    log_document,
    log_table,
    promote,
    read_document,
    read_table,
    tracked_run,
)

if TYPE_CHECKING:
    import pandas as pd

# Gains closer than this are ties: one split, one seed (see the measured baselines).
TOLERANCE_DB = 0.1


class Decision(BaseModel):
    """What the gate decided, and on what.

    Args:
        name: the registered model.
        version: the challenger's.
        champion: the champion's version before, "" where there was none.
        accepted: whether the challenger is champion now.
        reasons: why not; empty where accepted.
        rows: condition, opponent, opponent_db, challenger_db, margin_db, needed_db, passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    champion: str
    accepted: bool
    reasons: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


@task(name="judge", cache_policy=NO_CACHE)
def judge(name: str, version: str | None, settings: Settings) -> Decision:
    """Hold a version (the challenger without one) against every baseline and against the champion."""
    uri = f"models:/{name}/{version}" if version else f"models:/{name}@{CHALLENGER}"
    challenger = get(settings, uri)
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    summary = read_table(settings, challenger.run_id, "denoising_summary")
    default = str(read_document(settings, challenger.run_id, EVIDENCE)["default"])
    rows = baseline_rows(summary, default)
    reasons = []
    if champion is not None and champion.version != challenger.version:
        try:
            rows += champion_rows(summary, default, measure_champion(settings, challenger, champion))
        except SondeflowError as error:
            reasons.append(f"champion v{champion.version} cannot be measured on this hold-out: {error}")
    reasons += [
        f"{row['condition']}: {row['challenger_db']:.2f} dB against {row['opponent_db']:.2f} dB of {row['opponent']}"
        for row in rows
        if not row["passed"]
    ]
    return Decision(
        name=name,
        version=challenger.version,
        champion=champion.version if champion else "",
        accepted=not reasons,
        reasons=tuple(reasons),
        rows=tuple(rows),
    )


@task(name="record-decision", cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_jitter_factor=1.0)
def carry_out(decision: Decision, settings: Settings) -> str:
    """Move the alias where the gate accepted, and log the decision with its table; returns the run's id.

    Nothing is logged, and "" returned, where the champion itself was judged and stays.
    """
    import pandas as pd

    if decision.accepted and decision.champion == decision.version:
        return ""

    verdict = "accepted" if decision.accepted else "refused"
    run = RunSpec(
        experiment="sondeflow-promotions",
        name=f"{decision.name}-v{decision.version}-{verdict}",
        params={"model": decision.name, "version": decision.version, "champion_before": decision.champion},
        tags={"verdict": verdict, "reasons": "; ".join(decision.reasons)},
    )
    with tracked_run(settings, run) as handle:
        log_table(settings, handle.run_id, "gate", pd.DataFrame(decision.rows))
        log_document(settings, handle.run_id, "decision.json", decision.model_dump(mode="json"))
        if decision.accepted:
            promote(settings, get(settings, f"models:/{decision.name}/{decision.version}"))
    return handle.run_id


@task(name="is-replaceable", cache_policy=NO_CACHE)
def is_replaceable(name: str, settings: Settings) -> bool:
    """Whether a demo may promote: there is no champion, or it comes from a demo as well."""
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    if champion is None:
        return True
    return str(read_document(settings, champion.run_id, EVIDENCE).get("experiment", "")).startswith("demo-")


def baseline_rows(summary: pd.DataFrame, default: str) -> list[dict[str, Any]]:
    """The default against every other contender of its own experiment: it must be ahead at every condition."""
    rows = []
    for condition, group in summary.groupby("condition", sort=False):
        medians = group.set_index("contender")["median_db"].to_dict()
        for opponent, gain in medians.items():
            if opponent != default:
                rows.append(_row(str(condition), str(opponent), gain, medians[default], needed=0.0))
    return rows


def champion_rows(summary: pd.DataFrame, default: str, champion: pd.DataFrame) -> list[dict[str, Any]]:
    """The default against the champion on the same hold-out: at most a tie behind."""
    own = summary[summary["contender"] == default]
    theirs = champion.set_index("condition")["median_db"].to_dict()
    pairs = zip(own["condition"], own["median_db"], strict=True)
    return [_row(str(name), "champion", theirs[name], gain, needed=-TOLERANCE_DB) for name, gain in pairs]


def measure_champion(settings: Settings, challenger: ModelVersion, champion: ModelVersion) -> pd.DataFrame:
    """The champion's gains on the challenger's hold-out, measured now with the same noise.

    Raises:
        SondeflowError: if the hold-out is gone or the champion does not know its curves.
    """
    evidence = read_document(settings, challenger.run_id, EVIDENCE)
    data = PreparedRef.model_validate(evidence["data"])
    bundles = {model.version: Bundle.load(download_bundle(settings, model)) for model in (challenger, champion)}
    spec = bundles[challenger.version].spec
    prepared = load_prepared(spec, data.refs)
    return champion_summary(spec, prepared, bundles[champion.version])


def _row(condition: str, opponent: str, gain: float, own: float, *, needed: float) -> dict[str, Any]:
    margin = own - gain
    return {
        "condition": condition,
        "opponent": opponent,
        "opponent_db": round(float(gain), 4),
        "challenger_db": round(float(own), 4),
        "margin_db": round(float(margin), 4),
        "needed_db": needed,
        "passed": bool(margin > 0 if needed == 0 else margin >= needed),
    }
