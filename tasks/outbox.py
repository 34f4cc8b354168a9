"""The outbox: where scores go and how they look to the programs that read them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aemodels.curves.canonical import CANONICAL
from aemodels.errors import SondeflowError
from aemodels.evaluate.report import render_report
from aemodels.io.atomic import atomic_path
from aemodels.io.hashing import sha256_file
from aemodels.io.las_writer import AddedCurve, write_flagged_las
from aemodels.io.packed import content_stem, plain_file
from aemodels.io.segy_copy import write_denoised_segy
from aemodels.reference import sketch
from aemodels.types import Finding, Recording, Scores

SEISMIC_HEADERS = {"inline": pa.int64(), "crossline": pa.int64(), "cdp_x": pa.float64(), "cdp_y": pa.float64()}
FEATURES = b"sondeflow.features"  # key of the metadata: quantiles of the traces' features, as JSON


class ChangedError(SondeflowError):
    """The input is not the file any more that had been read; the next run takes it again."""


@dataclass(frozen=True)
class BundleLabel:
    """The name and version under which a bundle's scores are filed."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


@dataclass(frozen=True)
class Targets:
    """Where one file's outputs go."""

    scores: Path
    copy: Path
    report: Path

    def published(self) -> tuple[str, ...]:
        return tuple(str(path) for path in (self.scores, self.copy, self.report))


def targets(outbox: Path, recording: Recording, label: BundleLabel) -> Targets:
    """The paths of a recording's outputs (see the README's table of the outbox)."""
    sha = recording.source.sha256
    stem = f"{_safe(content_stem(recording.source.path))}.{sha[:8]}"
    folder = scores_folder(outbox, recording.kind, label)
    form = "las" if recording.kind == "logs" else "segy"
    suffix = ".las" if recording.kind == "logs" else ".sgy"
    return Targets(folder / f"{sha}.parquet", outbox / form / f"{stem}{suffix}", outbox / "reports" / f"{stem}.html")


def scores_folder(outbox: Path, kind: str, label: BundleLabel) -> Path:
    """Where the score files of one bundle lie."""
    return outbox / "scores" / f"kind={kind}" / f"bundle={_safe(str(label))}"


def publish(outbox: Path, recording: Recording, scores: Scores, label: BundleLabel) -> Targets:
    """Write all outputs of one scored file; they appear together, the scores last.

    Args:
        outbox: its root; made where missing.
        recording: as read from `recording.source`.
        scores: from `Bundle.score(recording)`.
        label: the bundle's name and version.

    Raises:
        ChangedError: if the input is not the file any more that was read; nothing is published.
    """
    goal = targets(outbox, recording, label)
    source = recording.source.path
    with ExitStack() as stack:
        # entered first = renamed last: the parquet file is the sign that the others are there
        table_path, copy_path, report_path = (
            stack.enter_context(atomic_path(path)) for path in (goal.scores, goal.copy, goal.report)
        )
        pq.write_table(score_table(recording, scores), table_path, compression="zstd")
        history = f"sondeflow: denoised and scored with {label}; threshold {scores.threshold:.6g}"
        plain = stack.enter_context(plain_file(source))
        if recording.kind == "logs":
            write_flagged_las(plain, copy_path, flag_curves(scores), recording, history)
        else:
            write_denoised_segy(plain, copy_path, scores.denoised, history)
        html = render_report(recording, scores, bundle_label=str(label), findings=recording.findings)
        report_path.write_text(html, encoding="utf-8")
        if sha256_file(source) != recording.source.sha256:
            raise ChangedError(f"{source}: changed while it was scored; left for the next run")
    return goal


def score_schema(kind: str, curves: Sequence[str]) -> pa.Schema:
    """The parquet columns of a kind, the same for every file: other programs rely on names, order and types."""
    place: list[tuple[str, pa.DataType]] = [("source", pa.string()), ("sha256", pa.string())]
    result = [("score", pa.float32()), ("threshold", pa.float32()), ("is_anomaly", pa.bool_()), ("reason", pa.string())]
    if kind == "seismic":
        place += [("trace", pa.int64()), *SEISMIC_HEADERS.items()]
        return pa.schema(place + result)
    place += [("well", pa.string()), ("depth", pa.float64())]
    of_curves: list[tuple[str, pa.DataType]] = []
    for curve in curves:
        of_curves += [(curve, pa.float32()), (f"{curve}_DN", pa.float32())]
        of_curves += [(f"ANOM_{curve}", pa.float32()), (f"BADLOG_{curve}", pa.int8())]
    return pa.schema(place + result + of_curves)


def score_table(recording: Recording, scores: Scores) -> pa.Table:
    """One row a depth sample (logs) or a trace (seismic); what is missing in the input is null.

    What monitoring wants to know of traces stands in the schema's metadata: the columns are a contract.
    """
    rows = len(scores.score)
    columns: dict[str, Any] = {
        "source": [recording.source.uri] * rows,
        "sha256": [recording.source.sha256] * rows,
        "score": _nullable(scores.score),
        "threshold": np.full(rows, scores.threshold, dtype=np.float32),
        "is_anomaly": scores.is_anomaly,
        "reason": list(scores.reason),
    }
    columns |= _log_columns(recording, scores) if scores.kind == "logs" else _trace_columns(recording)
    schema = score_schema(scores.kind, scores.channels)
    if scores.features:
        summary = {name: sketch(values) for name, values in scores.features.items()}
        schema = schema.with_metadata({FEATURES: json.dumps(summary)})
    return pa.table([_typed(columns[field.name], field.type) for field in schema], schema=schema)


def flag_curves(scores: Scores) -> list[AddedCurve]:
    """The curves that a flagged LAS holds beside its own: <C>_DN, ANOM_<C>, BADLOG_<C>."""
    added = []
    for row, curve in enumerate(scores.channels):
        missing = np.isnan(scores.channel_score[row])
        if missing.all():
            continue  # a curve that the bundle knows and this well lacks
        flag = np.where(missing, np.nan, scores.channel_flag[row]).astype(np.float32)
        unit = CANONICAL[curve].unit if curve in CANONICAL else ""
        added += [
            AddedCurve(f"{curve}_DN", unit, f"{curve} denoised", scores.denoised[row]),
            AddedCurve(f"ANOM_{curve}", "", f"anomaly score of {curve}, higher = worse", scores.channel_score[row]),
            AddedCurve(f"BADLOG_{curve}", "", f"1 = {curve} is anomalous", flag),
        ]
    return added


def quarantine(outbox: Path, path: Path, sha256: str, findings: Sequence[Finding]) -> Path:
    """Copy an unusable file beside the reason why; the input stays as it is.

    Args:
        outbox: its root.
        path: the file that arrived.
        sha256: of its content.
        findings: what is wrong with it.

    Returns:
        The path of reason.json.
    """
    folder = outbox / "quarantine" / sha256
    with atomic_path(folder / path.name) as temporary:
        shutil.copyfile(path, temporary)
    reason = {"source": str(path), "sha256": sha256, "findings": [finding.to_dict() for finding in findings]}
    target = folder / "reason.json"
    with atomic_path(target) as temporary:
        temporary.write_text(json.dumps(reason, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def _log_columns(recording: Recording, scores: Scores) -> dict[str, Any]:
    rows = len(scores.score)
    columns: dict[str, Any] = {"well": [recording.name] * rows, "depth": recording.axis}
    for row, curve in enumerate(scores.channels):
        missing = np.isnan(scores.channel_score[row])
        columns[curve] = _nullable(scores.raw[row])
        columns[f"{curve}_DN"] = _nullable(scores.denoised[row])
        columns[f"ANOM_{curve}"] = _nullable(scores.channel_score[row])
        columns[f"BADLOG_{curve}"] = pa.array(scores.channel_flag[row].astype(np.int8), mask=missing)
    return columns


def _trace_columns(recording: Recording) -> dict[str, Any]:
    headers = [channel.headers for channel in recording.channels]
    columns: dict[str, Any] = {"trace": [header.get("trace", row) for row, header in enumerate(headers)]}
    return columns | {name: [header.get(name) for header in headers] for name in SEISMIC_HEADERS}


def _nullable(values: NDArray[np.float32]) -> pa.Array:
    """NaN becomes null: parquet readers tell "missing" from "not a number"."""
    return pa.array(values, mask=np.isnan(values))


def _typed(values: Any, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, type=kind)


def _safe(text: str) -> str:
    """A name without what a file system or a path pattern would take amiss."""
    return re.sub(r"[^\w.+-]", "_", text)
