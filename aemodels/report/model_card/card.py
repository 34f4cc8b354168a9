"""Model card in Markdown, for the reviewer who decides on promotion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aemodels.evaluate.statistics.bootstrap import MAX_UNANIMOUS_PAIRS, ConfidenceInterval, mean_interval
from aemodels.report.model_card.tables import CardTables
from aemodels.report.model_card.weaknesses import UNIT, weaknesses

if TYPE_CHECKING:
    import pandas as pd

    from aemodels.experiment.spec import ExperimentSpec
    from aemodels.experiment.start import StartSpec

# MLflow renders table cells without padding; non-breaking spaces separate the columns
_MARGIN = "\u00a0\u00a0"


def render_card(spec: ExperimentSpec, roles: Mapping[str, Sequence[str]], tables: CardTables, detector: str) -> str:
    """Render the card of the model that an experiment registers.

    Args:
        spec: the experiment.
        roles: role ("train", "validation", "test") → names of its wells or line sections.
        tables: results on the hold-out.
        detector: the one that the bundle uses.

    Returns:
        Markdown: purpose, data and split, results with confidence intervals, thresholds, weaknesses, how to load.
    """
    parts = [
        # MLflow collapses a long note after its first lines, so the summary comes first
        f"**{spec.registered_name}, experiment {spec.name}.** {headline(spec, tables.denoising)}",
        _purpose(spec),
        "## Data and split",
        *([_start(spec.start)] if spec.start is not None else []),
        _split(spec, roles),
        "## Denoising on the hold-out",
        _denoising(spec, tables.denoising),
        "## Anomaly detection on the hold-out with injected faults",
        _detectors(spec, tables.detectors, detector),
        "## Thresholds: nominal and measured false-alarm rates",
        _thresholds(spec, tables.thresholds, detector),
        "## Known weaknesses",
        "\n".join(f"- {weakness}" for weakness in weaknesses(spec, tables, detector)),
        "## How to load",
        _loading(spec),
    ]
    return "\n\n".join(parts) + "\n"


def headline(spec: ExperimentSpec, denoising: pd.DataFrame) -> str:
    """State the default denoiser's gain at each noise condition, and its difference to the best other contender."""
    sentences = []
    for condition, means in _means(denoising).items():
        ours = means.pop(spec.default)
        text = f"{condition}: {spec.default} has a mean SNR gain of {_interval(ours)} dB"
        if means:
            rival = max(means, key=lambda name: means[name].mean)
            text += f", {ours.mean - means[rival].mean:+.2f} dB compared with {rival}, the best other contender"
        sentences.append(text)
    return "; ".join(sentences) + "."


def _purpose(spec: ExperimentSpec) -> str:
    data = f"the curves {', '.join(spec.curves)} of well logs" if spec.kind == "logs" else "seismic traces"
    rows = "depth samples" if spec.kind == "logs" else "traces"
    return (
        f"**Purpose.** Denoises {data}, and flags anomalous {rows}. It is intended for data like those described "
        f"below; flags are to be reviewed by an interpreter, and input files are never changed."
    )


def _split(spec: ExperimentSpec, roles: Mapping[str, Sequence[str]]) -> str:
    unit = UNIT[spec.kind]
    rows = [(role, len(names), ", ".join(names)) for role, names in roles.items()]
    unit_of_split = "by well" if spec.kind == "logs" else "by range of traces, with guard traces between the ranges"
    return f"Split {unit_of_split}, never by window; seed {spec.seed}.\n\n" + table(("role", f"{unit}s", "names"), rows)


def _start(start: StartSpec) -> str:
    scaling = "kept" if start.keep_normaliser else "fitted to the training data below"
    return (
        f"**Start.** The networks {', '.join(start.networks)} were not trained from nothing: they start from those of "
        f"{start.bundle} (hash {start.content_hash[:12]}), with {start.share:.0%} of the steps and "
        f"{start.learning_rate:g} times the learning rate. Its scaling of the data is {scaling}. Files that it was "
        "trained on take no part in this experiment; its own model card lists the data behind it."
    )


def _denoising(spec: ExperimentSpec, denoising: pd.DataFrame) -> str:
    by_condition = _means(denoising)
    count = denoising["section"].nunique()
    first = next(iter(by_condition.values()))
    order = sorted(first, key=lambda name: -first[name].mean)
    rows = [
        (f"**{name}**" if name == spec.default else name, *(_interval(means[name]) for means in by_condition.values()))
        for name in order
    ]
    unit = UNIT[spec.kind]
    few = (
        f" With only {count} {unit}s the interval is little more than their range."
        if count <= MAX_UNANIMOUS_PAIRS
        else ""
    )
    about = f"SNR gain in dB, mean over {count} {unit}s (95 % bootstrap confidence interval over {unit}s).{few}"
    return f"{about}\n\n" + table(("contender", *by_condition), rows)


def _detectors(spec: ExperimentSpec, detectors: pd.DataFrame, chosen: str) -> str:
    unit = UNIT[spec.kind]
    rows = []
    for name, group in detectors[detectors["role"] == "test"].groupby("detector", sort=False):
        found = [_interval(mean_interval(values)) if (values := _finite(group[key])) else "-" for key in _RANKINGS]
        label = str(name)
        rows.append((f"**{label}**" if label == chosen else label, *found))
    about = f"Mean over {unit}s (95 % confidence interval). **{chosen}** was selected on validation data."
    return f"{about}\n\n" + table(("detector", "PR-AUC", "ROC-AUC", "recall at 1 % false-alarm rate"), rows)


_RANKINGS = ("pr_auc", "roc_auc", "recall_at_1pct")


def _thresholds(spec: ExperimentSpec, thresholds: pd.DataFrame, detector: str) -> str:
    rows = []
    for row in thresholds[thresholds["detector"] == detector].to_dict("records"):
        kind = str(row["threshold_kind"])
        rates = (f"{row[key]:.2%}" for key in ("nominal", "pooled", "worst"))
        rows.append((f"**{kind}**" if kind == spec.anomalies.threshold else kind, f"{row['value']:.4g}", *rates))
    unit = UNIT[spec.kind]
    about = f"Thresholds of {detector} on the clean hold-out; the bundle uses **{spec.anomalies.threshold}**."
    head = ("threshold", "value", "nominal rate", "measured rate, pooled", f"measured rate, worst {unit}")
    return f"{about}\n\n" + table(head, rows)


def _loading(spec: ExperimentSpec) -> str:
    given = (
        "df: one row per depth sample, columns " + ", ".join(spec.curves) + " in canonical units"
        if spec.kind == "logs"
        else "df: array float32[trace, sample]"
    )
    return (
        f'```python\nimport mlflow\nmodel = mlflow.pyfunc.load_model("models:/{spec.registered_name}@champion")\n'
        f"model.predict(df)  # {given}\n```\n\n"
        f"`mlflow models serve -m models:/{spec.registered_name}@champion`, or `sondeflow score INBOX --out OUTBOX`."
    )


def _means(denoising: pd.DataFrame) -> dict[str, dict[str, ConfidenceInterval]]:
    """Return condition → contender → mean gain over wells or sections."""
    pooled = denoising[denoising["channel"] == "all"]
    return {
        str(condition): {
            str(name): mean_interval(rows["gain_db"].tolist()) for name, rows in group.groupby("contender", sort=False)
        }
        for condition, group in pooled.groupby("condition", sort=False)
    }


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Format a Markdown table.

    >>> print(table(("a", "b"), [(1, "x|y")]).replace("\u00a0", ""))
    | a | b |
    |---|---|
    | 1 | x\|y |
    """
    lines = ["| " + " | ".join(_cell(value) for value in line) + " |" for line in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ") + _MARGIN


def _interval(found: ConfidenceInterval) -> str:
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"


def _finite(values: pd.Series) -> list[float]:
    return [float(value) for value in values if value == value]  # noqa: PLR0124 - NaN is not itself
