"""Promotion gate: a challenger becomes champion only with evidence from the frozen hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.summary import read_summary
from aemodels.core.errors import SondeflowError
from aemodels.detect import Fusion
from aemodels.evaluate.promotion_gate import (
    Row,
    combination_rows,
    curve_rows,
    false_alarm_rows,
    gain_rows,
    not_worse,
    reasons,
    review_rows,
)
from aemodels.experiment.spec import ExperimentSpec
from tasks.settings import Settings
from tasks.tracking import (
    CHALLENGER,
    CHAMPION,
    EVIDENCE,
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
from tasks.training.experiment import CALIBRATED_FROM
from tasks.training.holdout import champion_table
from tasks.training.opponent import DEMO, Opponent, find_opponent
from tasks.training.prepare import PreparedRef, load_prepared
from tasks.training.recalibrate import REVIEWED

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "sondeflow-promotions"


class Decision(BaseModel):
    """Decision of the promotion gate, with its evidence.

    Args:
        name: the registered model.
        version: version of the challenger.
        champion: version of the previous champion, "" if there was none.
        opponent: what it was compared with: the champion, or without one the bundle that it was started from or the
            shipped one; "" if there was none.
        accepted: the challenger was accepted as champion.
        reasons: reasons for a refusal; empty if accepted.
        rows: gains and curves, see `promotion_gate.gain_rows`.
        false_alarms: see `promotion_gate.false_alarm_rows`.
        combination: see `promotion_gate.combination_rows`.
        reviewed: see `promotion_gate.review_rows`.
        holdout_sha256: hash of the hold-out on which both were evaluated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    champion: str
    accepted: bool
    reasons: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    false_alarms: tuple[dict[str, Any], ...] = ()
    combination: tuple[dict[str, Any], ...] = ()
    reviewed: tuple[dict[str, Any], ...] = ()
    holdout_sha256: str = ""
    opponent: str = ""


class Rollback(BaseModel):
    """Result of a rollback: the restored champion, and the withdrawn version, which has the alias `previous` now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    champion: str
    withdrawn: str
    run_id: str


@task(name="evaluate-challenger", cache_policy=NO_CACHE)
def evaluate_challenger(name: str, version: str | None, settings: Settings) -> Decision:
    """Compare a version (default: the challenger) with every baseline and with the champion.

    Without a champion, it is compared with the bundle that scores otherwise: the one that it was started from, else the
    shipped one (`tasks.training.opponent`).
    """
    uri = f"models:/{name}/{version}" if version else f"models:/{name}@{CHALLENGER}"
    challenger = get(settings, uri)
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    evidence = read_document(settings, challenger.run_id, EVIDENCE)
    if CALIBRATED_FROM in evidence:
        return _calibration_decision(settings, challenger, champion, str(evidence[CALIBRATED_FROM]))
    table = read_table(settings, challenger.run_id, "denoising")
    bundle = Bundle.load(download_bundle(settings, challenger))
    data = PreparedRef.model_validate(evidence["data"]).found_in(settings.refs_dir)
    opponent = find_opponent(challenger, champion, bundle.spec, data, settings)
    against = opponent.name if opponent else ""
    failures = []
    try:
        table = _with_opponent(table, bundle.spec, data, opponent)
    except SondeflowError as error:
        failures.append(f"{against} cannot be measured on this hold-out: {error}")
    decisive = [condition.name for condition in bundle.spec.test_conditions if condition.decisive]
    table = table[table["condition"].isin(decisive)]
    rows = gain_rows(table, str(evidence["default"])) + curve_rows(table, str(evidence["default"]))
    false_alarms = _false_alarms(settings, challenger, bundle)
    combination = _combination(settings, challenger, bundle)
    failures += reasons(rows, false_alarms, combination)
    return Decision(
        name=name,
        version=challenger.version,
        champion=champion.version if champion else "",
        accepted=not failures,
        reasons=tuple(failures),
        rows=tuple(rows),
        false_alarms=tuple(false_alarms),
        combination=tuple(combination),
        holdout_sha256=data.holdout_sha256,
        opponent=against,
    )


def _with_opponent(
    table: pd.DataFrame, spec: ExperimentSpec, data: PreparedRef, opponent: Opponent | None
) -> pd.DataFrame:
    """Return the challenger's table with rows of its opponent, evaluated on the same hold-out and noise.

    Args:
        table: as `compare.denoising_table`.
        spec: the challenger's experiment.
        data: its hold-out.
        opponent: None = there is none, and the table is returned as it is.

    Raises:
        SondeflowError: if the hold-out or the bundle is missing, or it lacks a curve.
    """
    if opponent is None:
        return table
    import pandas as pd

    rows = champion_table(spec, load_prepared(spec, data.refs), opponent.load())
    return pd.concat([table, rows], ignore_index=True)


def _calibration_decision(
    settings: Settings, challenger: ModelVersion, champion: ModelVersion | None, source_hash: str
) -> Decision:
    """Compare a calibrated version by its false alarms alone: its networks are those of the bundle it came from.

    One that was recalibrated from reviews also has to be better in reviewed wells, and no worse in others. What it came
    from has to be the champion, or what the champion was calibrated from, if there is a champion.
    """
    bundle = Bundle.load(download_bundle(settings, challenger))
    false_alarms, reviewed = _false_alarms(settings, challenger, bundle), []
    from_reviews = read_document(settings, challenger.run_id, EVIDENCE).get(REVIEWED)
    if from_reviews:
        false_alarms = not_worse(false_alarms, from_reviews["alarms_before"])
        table = read_table(settings, challenger.run_id, REVIEWED)
        reviewed = review_rows(table, from_reviews["recall_before"], from_reviews["recall_after"])
    failures = reasons([], false_alarms, reviewed=reviewed)
    if champion is not None and champion.version != challenger.version:
        earlier = str(read_document(settings, champion.run_id, EVIDENCE).get(CALIBRATED_FROM, ""))
        if source_hash not in {read_summary(download_bundle(settings, champion)).content_hash, earlier}:
            failures.append(
                f"it was calibrated from another bundle than champion v{champion.version}: calibrate that one"
            )
    return Decision(
        name=challenger.name,
        version=challenger.version,
        champion=champion.version if champion else "",
        accepted=not failures,
        reasons=tuple(failures),
        rows=(),
        false_alarms=tuple(false_alarms),
        reviewed=tuple(reviewed),
    )


@task(name="record-decision", cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_jitter_factor=1.0)
def apply_decision(decision: Decision, settings: Settings) -> str:
    """Move the alias if the gate accepted, log the decision with its tables, and return the run's id.

    If the evaluated version is the champion already and is accepted, nothing is logged and "" is returned.
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
        for name in ("combination", REVIEWED):
            if rows := getattr(decision, name):
                log_table(settings, handle.run_id, name, pd.DataFrame(rows))
        log_document(settings, handle.run_id, "decision.json", decision.model_dump(mode="json"))
        log_metrics(settings, handle.run_id, decision_metrics(decision))
        set_tags(settings, handle.run_id, {NOTE: decision_page(decision)})
        challenger = get(settings, f"models:/{decision.name}/{decision.version}")
        if decision.accepted:
            promote(settings, challenger)
        describe(settings, challenger, {"gate": verdict, "gate_reasons": "; ".join(decision.reasons) or "none"})
    run_id = store_id(settings, handle.run_id)
    describe(settings, challenger, {"gate_run": run_id})
    return run_id


@task(name="roll-back", cache_policy=NO_CACHE)
def roll_back(name: str, settings: Settings) -> Rollback:
    """Exchange the aliases champion and previous, and log it; a second call reverses the first.

    Raises:
        NoModelError: if there is no champion, or no previous one.
    """
    restored, withdrawn = swap_champion(settings, name)
    run = RunSpec(
        experiment=EXPERIMENT,
        name=f"{name}-v{withdrawn.version}-rolled-back-to-v{restored.version}",
        params={"model": name, "version": restored.version, "champion_before": withdrawn.version},
        tags={"verdict": "rolled back", "reasons": "asked for by hand", **flow_tags()},
    )
    with tracked_run(settings, run) as handle:
        note = f"{name}: v{withdrawn.version} was withdrawn by hand, v{restored.version} is champion again."
        set_tags(settings, handle.run_id, {NOTE: note})
        describe(settings, withdrawn, {"gate": f"withdrawn in favour of v{restored.version}"})
        describe(settings, restored, {"gate": f"champion again after v{withdrawn.version}"})
    run_id = store_id(settings, handle.run_id)
    return Rollback(name=name, champion=restored.version, withdrawn=withdrawn.version, run_id=run_id)


def decision_metrics(decision: Decision) -> dict[str, float]:
    """Return the metrics of a decision: the smallest margin in dB, and the measured false-alarm rates."""
    margins = [row["margin_db"] for row in decision.rows if row["check"] == "gain"]
    metrics = {"smallest_margin_db": min(margins)} if margins else {}
    rates = {f"false_alarms_{row['rate'].replace(' ', '_')}": row["measured"] for row in decision.false_alarms}
    return {**metrics, **rates, "accepted": float(decision.accepted)}


def decision_page(decision: Decision) -> str:
    """Return a decision as Markdown: verdict, reasons, and the result of every check."""
    from aemodels.report.model_card.card import table

    verdict = "accepted as champion" if decision.accepted else "refused; the champion stays"
    parts = [f"# {decision.name} v{decision.version} {verdict}"]
    before = f"v{decision.champion}" if decision.champion else "none"
    instead = f"; compared with {decision.opponent}" if decision.opponent and not decision.champion else ""
    parts += [f"Champion before: {before}{instead}. {REQUIREMENTS}"]
    parts += ["\n".join(f"- not met: {reason}" for reason in decision.reasons)] if decision.reasons else []
    for rows in (decision.rows, decision.false_alarms, decision.combination, decision.reviewed):
        if rows:
            parts.append(
                table(list(rows[0]), [["" if cell is None else cell for cell in row.values()] for row in rows])
            )
    return "\n\n".join(parts)


REQUIREMENTS = (
    "Required: a gain over the champion and every other contender under every test condition (means over wells of the "
    "frozen hold-out; with up to four wells, a gain in each of them; with more, a positive lower end of a paired "
    "bootstrap interval, one-sided 5 %); no curve worse by more than a tolerance; false alarms within their limits; "
    "combinations of detectors no worse than their best member on their own faults, on another injector's, and in "
    "other basins. A calibration needs the false alarms alone; one from reviews may keep those of the bundle that it "
    "was made from, flags more reviewed intervals rightly, and loses neither reviewed nor injected faults."
)


@task(name="is-replaceable", cache_policy=NO_CACHE)
def is_replaceable(name: str, settings: Settings) -> bool:
    """Return whether a demo may replace the champion: there is none, or it comes from a demo as well."""
    champion = find(settings, f"models:/{name}@{CHAMPION}")
    if champion is None:
        return True
    return str(read_document(settings, champion.run_id, EVIDENCE).get("experiment", "")).startswith(DEMO)


def _false_alarms(settings: Settings, challenger: ModelVersion, bundle: Bundle) -> list[Row]:
    thresholds = read_table(settings, challenger.run_id, "thresholds")
    return false_alarm_rows(thresholds, bundle.detector_name, bundle.spec.anomalies.threshold)


def _combination(settings: Settings, challenger: ModelVersion, bundle: Bundle) -> list[Row]:
    """Return the checks of the bundle's combination of detectors; none for a detector by itself."""
    model = bundle.spec.detector(bundle.detector_name).model
    if not isinstance(model, Fusion):
        return []
    try:
        table = read_table(settings, challenger.run_id, "generalisation")
    except FileNotFoundError:  # trained with version 0.1
        return []
    return combination_rows(table, bundle.detector_name, model.members)
