"""The gate: a challenger becomes champion only with evidence from the frozen hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SondeflowError
from aemodels.evaluate.promotion_gate import Row, curve_rows, false_alarm_rows, gain_rows, reasons
from tasks.settings import Settings
from tasks.tracking import (
    CHALLENGER,
    CHAMPION,
    NOTE,
    ModelVersion,
    RunSpec,
    describe,
    download_bundle,
    find,
    get,
    log_document,
    log_metrics,
    log_table,
    promote,
    read_document,
    read_table,
    set_tags,
    store_id,
    swap_champion,
    tracked_run,
)
from tasks.tracking.provenance import flow_tags
from tasks.training.experiment import EVIDENCE
from tasks.training.holdout import champion_table
from tasks.training.prepare import PreparedRef, load_prepared

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "sondeflow-promotions"


class Decision(BaseModel):
    """What the gate decided, and on what.

    Args:
        name: the registered model.
        version: the challenger's.
        champion: the champion's version before, "" where there was none.
        accepted: whether the challenger is champion now.
        reasons: why not; empty where accepted.
        rows: gains and curves, see `gate.gain_rows`.
        false_alarms: see `gate.false_alarm_rows`.
        holdout_sha256: of the hold-out that both were measured on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    champion: str
    accepted: bool
    reasons: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    false_alarms: tuple[dict[str, Any], ...] = ()
    holdout_sha256: str = ""


class Rollback(BaseModel):
    """A champion withdrawn: the version that is champion now, and the one that was (it is `previous` now)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    champion: str
    withdrawn: str
    run_id: str


@task(name="evaluate-challenger", cache_policy=NO_CACHE)
def evaluate_challenger(name: str, version: str | None, settings: Settings) -> Decision:
    """Hold a version (the challenger without one) against every baseline and against the champion."""
    uri = f"models:/{name}/{version}" if version else f"models:/{name}@{CHALLENGER}"
    challenger = get(settings, uri)
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    evidence = read_document(settings, challenger.run_id, EVIDENCE)
    table = read_table(settings, challenger.run_id, "denoising")
    against = [] if champion is None or champion.version == challenger.version else [champion]
    failures = []
    try:
        table = _with_champions(settings, table, challenger, against)
    except SondeflowError as error:
        failures.append(f"champion v{against[0].version} cannot be measured on this hold-out: {error}")
    bundle = Bundle.load(download_bundle(settings, challenger))
    judged = [condition.name for condition in bundle.spec.test_conditions if condition.decisive]
    table = table[table["condition"].isin(judged)]
    rows = gain_rows(table, str(evidence["default"])) + curve_rows(table, str(evidence["default"]))
    false_alarms = _false_alarms(settings, challenger, bundle)
    failures += reasons(rows, false_alarms)
    return Decision(
        name=name,
        version=challenger.version,
        champion=champion.version if champion else "",
        accepted=not failures,
        reasons=tuple(failures),
        rows=tuple(rows),
        false_alarms=tuple(false_alarms),
        holdout_sha256=PreparedRef.model_validate(evidence["data"]).holdout_sha256,
    )


@task(name="record-decision", cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_jitter_factor=1.0)
def apply_decision(decision: Decision, settings: Settings) -> str:
    """Move the alias where the gate accepted, and log the decision with its table; returns the run's id.

    Nothing is logged, and "" returned, where the champion itself was judged and stays.
    """
    import pandas as pd

    if decision.accepted and decision.champion == decision.version:
        return ""
    verdict = "accepted" if decision.accepted else "refused"
    run = RunSpec(
        experiment=EXPERIMENT,
        name=f"{decision.name}-v{decision.version}-{verdict}",
        params={"model": decision.name, "version": decision.version, "champion_before": decision.champion},
        tags={
            "verdict": verdict,
            "reasons": "; ".join(decision.reasons),
            "holdout_sha256": decision.holdout_sha256,
            **flow_tags(),
        },
    )
    with tracked_run(settings, run) as handle:
        log_table(settings, handle.run_id, "gate", pd.DataFrame(decision.rows))
        log_table(settings, handle.run_id, "false_alarms", pd.DataFrame(decision.false_alarms))
        log_document(settings, handle.run_id, "decision.json", decision.model_dump(mode="json"))
        log_metrics(settings, handle.run_id, decision_metrics(decision))
        set_tags(settings, handle.run_id, {NOTE: decision_page(decision)})
        judged = get(settings, f"models:/{decision.name}/{decision.version}")
        if decision.accepted:
            promote(settings, judged)
        describe(settings, judged, {"gate": verdict, "gate_reasons": "; ".join(decision.reasons) or "none"})
    run_id = store_id(settings, handle.run_id)
    describe(settings, judged, {"gate_run": run_id})
    return run_id


@task(name="roll-back", cache_policy=NO_CACHE)
def roll_back(name: str, settings: Settings) -> Rollback:
    """Exchange champion and previous, and log it; a second time takes the first back.

    Raises:
        NoModelError: if there is no champion, or none before it.
    """
    restored, withdrawn = swap_champion(settings, name)
    run = RunSpec(
        experiment=EXPERIMENT,
        name=f"{name}-v{withdrawn.version}-rolled-back-to-v{restored.version}",
        params={"model": name, "version": restored.version, "champion_before": withdrawn.version},
        tags={"verdict": "rolled back", "reasons": "asked for by hand", **flow_tags()},
    )
    with tracked_run(settings, run) as handle:
        said = f"{name}: v{withdrawn.version} was withdrawn by hand, v{restored.version} is champion again."
        set_tags(settings, handle.run_id, {NOTE: said})
        describe(settings, withdrawn, {"gate": f"withdrawn in favour of v{restored.version}"})
        describe(settings, restored, {"gate": f"champion again after v{withdrawn.version}"})
    run_id = store_id(settings, handle.run_id)
    return Rollback(name=name, champion=restored.version, withdrawn=withdrawn.version, run_id=run_id)


def decision_metrics(decision: Decision) -> dict[str, float]:
    """What a list of decisions shows of each: the smallest lead, dB, and the measured false-alarm rates."""
    margins = [row["margin_db"] for row in decision.rows if row["check"] == "gain"]
    metrics = {"smallest_margin_db": min(margins)} if margins else {}
    rates = {f"false_alarms_{row['rate'].replace(' ', '_')}": row["measured"] for row in decision.false_alarms}
    return {**metrics, **rates, "accepted": float(decision.accepted)}


def decision_page(decision: Decision) -> str:
    """A decision as a page of Markdown: verdict, reasons, what every check found."""
    from aemodels.report.model_card.card import table

    verdict = "accepted: it is champion now" if decision.accepted else "refused: nothing changes"
    said = [f"# {decision.name} v{decision.version} {verdict}"]
    said += [f"Champion before: {f'v{decision.champion}' if decision.champion else 'none'}. {ASKED}"]
    said += ["\n".join(f"- not enough: {reason}" for reason in decision.reasons)] if decision.reasons else []
    for rows in (decision.rows, decision.false_alarms):
        if rows:
            said.append(table(list(rows[0]), [["" if cell is None else cell for cell in row.values()] for row in rows]))
    return "\n\n".join(said)


ASKED = (
    "Asked for: ahead of the champion and of every other contender at every condition by more than noise (means over "
    "wells of the frozen hold-out; with up to four wells ahead in each of them, with more the lower end of a paired "
    "bootstrap interval, one-sided 5 %); no curve worse by more than a tolerance; false alarms within their band."
)


@task(name="is-replaceable", cache_policy=NO_CACHE)
def is_replaceable(name: str, settings: Settings) -> bool:
    """Whether a demo may promote: there is no champion, or it comes from a demo as well."""
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    if champion is None:
        return True
    return str(read_document(settings, champion.run_id, EVIDENCE).get("experiment", "")).startswith("demo-")


def _with_champions(
    settings: Settings, table: pd.DataFrame, challenger: ModelVersion, champions: list[ModelVersion]
) -> pd.DataFrame:
    """The challenger's comparison with the rows of each champion, measured now on the same hold-out and noise.

    Raises:
        SondeflowError: if the hold-out is gone or the champion does not know its curves.
    """
    import pandas as pd

    parts = [table]
    for champion in champions:
        evidence = read_document(settings, challenger.run_id, EVIDENCE)
        spec = Bundle.load(download_bundle(settings, challenger)).spec
        prepared = load_prepared(spec, PreparedRef.model_validate(evidence["data"]).refs)
        parts.append(champion_table(spec, prepared, Bundle.load(download_bundle(settings, champion))))
    return pd.concat(parts, ignore_index=True)


def _false_alarms(settings: Settings, challenger: ModelVersion, bundle: Bundle) -> list[Row]:
    thresholds = read_table(settings, challenger.run_id, "thresholds")
    return false_alarm_rows(thresholds, bundle.detector_name, bundle.spec.anomalies.threshold)
