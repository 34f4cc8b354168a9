"""Outputs of scoring in the outbox: their paths, formats and atomic publication."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aemodels.core.types import Recording, Scores, Source
from aemodels.field.headers import describe_file
from aemodels.field.other_curves import describe_other_curves
from aemodels.io.files.atomic import temporary_name
from aemodels.io.files.gzip import content_stem, plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import format_of
from aemodels.io.volume.store import hash_store
from aemodels.monitoring.histogram import quantile_summary
from aemodels.report.html.report import render_report
from aemodels.signal.quality_rules import assess
from tasks.scoring.places.staged import BundleLabel, ChangedError, Destination, Staged

SEISMIC_HEADERS = {"inline": pa.int64(), "crossline": pa.int64(), "cdp_x": pa.float64(), "cdp_y": pa.float64()}
FEATURES = b"sondeflow.features"  # metadata key of the quantiles of the trace features, as JSON
ABOUT = b"sondeflow.about"  # metadata key of the header, the curves and the findings of the file, as JSON


@dataclass(frozen=True)
class Targets:
    """Paths of the outputs of one file."""

    scores: Path
    copy: Path
    report: Path


def targets(destination: Destination, recording: Recording) -> Targets:
    """Return the paths of a recording's outputs (see docs/reference/outbox.md)."""
    sha = recording.source.sha256
    stem = f"{_short(_safe(content_stem(recording.source.path)))}.{sha[:8]}"
    own = f"bundle={_safe(str(destination.label))}" if destination.own_folder else ""
    form = format_of(recording.source.path)
    return Targets(
        scores_folder(destination.outbox, recording.kind, destination.label) / f"{sha}.parquet",
        destination.outbox / form.folder / own / f"{stem}{form.copy_suffix}",
        destination.outbox / "reports" / own / f"{stem}.html",
    )


def scores_folder(outbox: Path, kind: str, label: BundleLabel) -> Path:
    """Return the folder of the score files of one bundle."""
    return outbox / "scores" / f"kind={kind}" / f"bundle={_safe(str(label))}"


def stage(destination: Destination, recording: Recording, scores: Scores, local: Path) -> tuple[Staged, ...]:
    """Write all outputs of one scored file under temporary names in their final folders.

    Args:
        destination: destination of the outputs.
        recording: the recording, with the path or URL of the file as its source.
        scores: from `Bundle.score(recording)`.
        local: local path of the file.

    Returns:
        The staged outputs, as from `stage_by`.

    Raises:
        ChangedError: if the input was changed after it was read; temporary files are then deleted.
    """

    def write(paths: Targets) -> None:
        for path, writer in _writers(paths, recording, scores, (local, destination)):
            writer(path)

    return stage_by(destination, targets(destination, recording), write, (local, recording.source))


def stage_by(
    destination: Destination, goal: Targets, write: Callable[[Targets], None], origin: tuple[Path, Source]
) -> tuple[Staged, ...]:
    """Write outputs under temporary names with a given function.

    Args:
        destination: gives the prefix of the temporary names.
        goal: final paths.
        write: function that writes the three outputs to given paths.
        origin: local path of the input, and its source when it was read.

    Returns:
        The staged outputs, the scores last; the parquet file signals that the others are complete.

    Raises:
        ChangedError: if the input was changed after it was read; temporary files are then deleted.
    """
    local, source = origin
    paths = Targets(*(temporary_name(path, destination.temp_prefix) for path in (goal.scores, goal.copy, goal.report)))
    order = [(paths.copy, goal.copy), (paths.report, goal.report), (paths.scores, goal.scores)]
    for temporary, _ in order:
        temporary.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(paths)
        if hash_store(local) != source.sha256:
            raise ChangedError(f"{source.uri}: changed while it was scored; left for the next run")
        return tuple(Staged(str(temporary), str(target), sha256_file(temporary)) for temporary, target in order)
    except BaseException:
        for temporary, _ in order:
            temporary.unlink(missing_ok=True)
        raise


def _writers(
    goal: Targets, recording: Recording, scores: Scores, origin: tuple[Path, Destination]
) -> list[tuple[Path, Callable[[Path], object]]]:
    local, label = origin[0], origin[1].label
    history = f"sondeflow: denoised and scored with {label}; threshold {scores.threshold:.6g}"

    def write_copy(path: Path) -> None:
        with plain_file(local, origin[1].limits) as plain:
            format_of(recording.source.path).write_copy(plain, path, recording, scores, history)

    def write_report(path: Path) -> None:
        write_html(path, recording, scores, str(label), label.card)

    def write_scores(path: Path) -> None:
        pq.write_table(score_table(recording, scores), path, compression="zstd")

    return [(goal.copy, write_copy), (goal.report, write_report), (goal.scores, write_scores)]


def write_html(path: Path, recording: Recording, scores: Scores, label: str, card: str = "") -> None:
    """Write the report of a scored recording, with the findings of reader, quality rules and bundle."""
    findings = (*recording.findings, *assess(recording).findings, *scores.findings)
    html = render_report(recording, scores, bundle_label=label, findings=findings, card=card)
    path.write_text(html, encoding="utf-8")


def score_schema(kind: str, curves: Sequence[str]) -> pa.Schema:
    """Return the parquet schema of a kind; other programs rely on its names, order and types."""
    columns: list[tuple[str, pa.DataType]] = [("source", pa.string()), ("sha256", pa.string())]
    result = [("score", pa.float32()), ("threshold", pa.float32()), ("is_anomaly", pa.bool_()), ("reason", pa.string())]
    if kind == "seismic":
        columns += [("trace", pa.int64()), *SEISMIC_HEADERS.items()]
        return pa.schema(columns + result)
    columns += [("well", pa.string()), ("depth", pa.float64())]
    result[3:3] = [("suspect", pa.bool_()), ("judged", pa.bool_())]
    of_curves: list[tuple[str, pa.DataType]] = []
    for curve in curves:
        of_curves += [(curve, pa.float32()), (f"{curve}_DN", pa.float32())]
        of_curves += [(f"ANOM_{curve}", pa.float32()), (f"BADLOG_{curve}", pa.int8())]
    return pa.schema(columns + result + of_curves)


def score_table(recording: Recording, scores: Scores) -> pa.Table:
    """Return a table with one row per depth sample (logs) or per trace (seismic); missing inputs are null.

    Trace features for monitoring, and header and findings for the scorecard of a field, are stored in the metadata of
    the schema, because the columns are a contract.
    """
    rows = len(scores.score)
    columns: dict[str, Any] = {
        "source": [recording.source.uri] * rows,
        "sha256": [recording.source.sha256] * rows,
        "score": _nullable(scores.score),
        "threshold": np.full(rows, scores.threshold, dtype=np.float32),
        "is_anomaly": scores.is_anomaly,
        "suspect": scores.is_suspect,
        "judged": scores.is_judged,
        "reason": list(scores.reason),
    }
    columns |= _log_columns(recording, scores) if scores.kind == "logs" else _trace_columns(recording)
    schema = score_schema(scores.kind, scores.channels)
    others = describe_other_curves(recording, scores.channels)
    metadata = {ABOUT: json.dumps(describe_file(recording, scores) | {"others": others})}
    if scores.features:
        summary = {name: quantile_summary(values) for name, values in scores.features.items()}
        metadata[FEATURES] = json.dumps(summary)
    schema = schema.with_metadata(metadata)
    return pa.table([_typed(columns[field.name], field.type) for field in schema], schema=schema)


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
    """Return an array in which NaN is null, because parquet readers distinguish missing values from NaN."""
    return pa.array(values, mask=np.isnan(values))


def _typed(values: Any, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, type=kind)


def _safe(text: str) -> str:
    """Return a name without characters that are special in file systems or path patterns."""
    return re.sub(r"[^\w.+-]|[\ud800-\udfff]", "_", text)


def _short(text: str, max_bytes: int = 160) -> str:
    """Return the first bytes of a name, so that with suffixes it fits into the 255 bytes of a file name.

    >>> len(_short("\u00e4" * 250).encode())
    160
    """
    return text.encode()[:max_bytes].decode(errors="ignore")
