"""The outbox: where scores go and how they look to the programs that read them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores, Source
from aemodels.io.files.atomic import PART_SUFFIX, atomic_path, sync, temporary_name
from aemodels.io.files.gzip import content_stem, plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import format_of
from aemodels.monitoring.histogram import quantile_summary
from aemodels.report.html.report import render_report
from aemodels.signal.quality_rules import assess

FLUSHES = 16
SEISMIC_HEADERS = {"inline": pa.int64(), "crossline": pa.int64(), "cdp_x": pa.float64(), "cdp_y": pa.float64()}
FEATURES = b"sondeflow.features"  # key of the metadata: quantiles of the traces' features, as JSON


class ChangedError(SondeflowError):
    """The input is not the file any more that had been read; the next run takes it again."""


@dataclass(frozen=True)
class BundleLabel:
    """The name and version under which a bundle's scores are filed; the address of its card, "" where it has none."""

    name: str
    version: str
    card: str = ""

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


@dataclass(frozen=True)
class Destination:
    """Where one file's outputs go, and under which marks.

    Args:
        outbox: its root.
        label: the bundle's.
        own_folder: another version has published the same content: the copy and the report go to a folder of this
            version's own, because their names bear no version.
        temp_prefix: begins the names of temporary files; says whose they are.
    """

    outbox: Path
    label: BundleLabel
    own_folder: bool = False
    temp_prefix: str = ""


@dataclass(frozen=True)
class Targets:
    """Where one file's outputs go."""

    scores: Path
    copy: Path
    report: Path


@dataclass(frozen=True)
class Staged:
    """One output, whole under a temporary name: both paths, and the sha256 of its bytes."""

    temporary: str
    target: str
    sha256: str


def targets(destination: Destination, recording: Recording) -> Targets:
    """The paths of a recording's outputs (see docs/reference/outbox.md)."""
    sha = recording.source.sha256
    stem = f"{_short(_safe(content_stem(recording.source.path)))}.{sha[:8]}"
    own = f"bundle={_safe(str(destination.label))}" if destination.own_folder else ""
    form = format_of(recording.source.path)
    return Targets(
        scores_folder(destination.outbox, recording.kind, destination.label) / f"{sha}.parquet",
        destination.outbox / form.folder / own / f"{stem}{form.suffixes[0]}",
        destination.outbox / "reports" / own / f"{stem}.html",
    )


def scores_folder(outbox: Path, kind: str, label: BundleLabel) -> Path:
    """Where the score files of one bundle lie."""
    return outbox / "scores" / f"kind={kind}" / f"bundle={_safe(str(label))}"


def stage(destination: Destination, recording: Recording, scores: Scores, local: Path) -> tuple[Staged, ...]:
    """Write all outputs of one scored file under temporary names, each beside where it will be.

    Args:
        destination: where to.
        recording: as read; its source says what people call the file.
        scores: from `Bundle.score(recording)`.
        local: the file itself, where it can be opened.

    Returns:
        As `stage_by`.

    Raises:
        ChangedError: if the input is not the file any more that was read; nothing is left behind.
    """

    def write(paths: Targets) -> None:
        for path, writer in _writers(paths, recording, scores, (local, destination.label)):
            writer(path)

    return stage_by(destination, targets(destination, recording), write, (local, recording.source))


def stage_by(
    destination: Destination, goal: Targets, write: Callable[[Targets], None], origin: tuple[Path, Source]
) -> tuple[Staged, ...]:
    """Have outputs written under temporary names.

    Args:
        destination: whose temporary names.
        goal: what they shall be called.
        write: writes all three where it is told to.
        origin: the input, where it can be opened, and what it was when it was read.

    Returns:
        What is to be renamed, the scores last: the parquet file is the sign that the others are there.

    Raises:
        ChangedError: if the input is not the file any more that was read; nothing is left behind.
    """
    local, source = origin
    paths = Targets(*(temporary_name(path, destination.temp_prefix) for path in (goal.scores, goal.copy, goal.report)))
    order = [(paths.copy, goal.copy), (paths.report, goal.report), (paths.scores, goal.scores)]
    for temporary, _ in order:
        temporary.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(paths)
        if sha256_file(local) != source.sha256:
            raise ChangedError(f"{source.uri}: changed while it was scored; left for the next run")
        return tuple(Staged(str(temporary), str(target), sha256_file(temporary)) for temporary, target in order)
    except BaseException:
        for temporary, _ in order:
            temporary.unlink(missing_ok=True)
        raise


def publish(batches: Iterable[Sequence[Staged]]) -> None:
    """Give staged outputs of one or more files their names; when it returns they are on disk.

    Raises:
        OSError: if one cannot be flushed or renamed; the scores of its file are then not published.
    """
    files = list(batches)
    with ThreadPoolExecutor(FLUSHES) as pool:  # side by side: a file system flushes many at the price of one
        list(pool.map(sync, [Path(item.temporary) for staged in files for item in staged]))
    for group in ([item for staged in files for item in staged[:-1]], [staged[-1] for staged in files]):
        for item in group:
            os.replace(item.temporary, item.target)  # noqa: PTH105 - the call that the promise rests on
        for folder in sorted({os.path.dirname(item.target) for item in group}):  # noqa: PTH120
            sync(Path(folder))


def discard(staged: Iterable[Staged]) -> None:
    """Take away outputs that are not to be published."""
    for item in staged:
        Path(item.temporary).unlink(missing_ok=True)


def remove_temporary_files(outbox: Path, temp_prefix: str) -> int:
    """Take away what a worker that died has left under temporary names; returns how many files that were."""
    found = 0
    for folder, _, names in os.walk(outbox):
        for name in names:
            if name.startswith(f".{temp_prefix}") and name.endswith(PART_SUFFIX):
                (Path(folder) / name).unlink(missing_ok=True)
                found += 1
    return found


def _writers(
    goal: Targets, recording: Recording, scores: Scores, origin: tuple[Path, BundleLabel]
) -> list[tuple[Path, Callable[[Path], object]]]:
    local, label = origin
    history = f"sondeflow: denoised and scored with {label}; threshold {scores.threshold:.6g}"

    def write_copy(path: Path) -> None:
        with plain_file(local) as plain:
            format_of(recording.source.path).write_copy(plain, path, recording, scores, history)

    def write_report(path: Path) -> None:
        findings = (*recording.findings, *assess(recording).findings)
        html = render_report(recording, scores, bundle_label=str(label), findings=findings, card=label.card)
        path.write_text(html, encoding="utf-8")

    def write_scores(path: Path) -> None:
        pq.write_table(score_table(recording, scores), path, compression="zstd")

    return [(goal.copy, write_copy), (goal.report, write_report), (goal.scores, write_scores)]


def score_schema(kind: str, curves: Sequence[str]) -> pa.Schema:
    """The parquet columns of a kind, the same for every file: other programs rely on names, order and types."""
    columns: list[tuple[str, pa.DataType]] = [("source", pa.string()), ("sha256", pa.string())]
    result = [("score", pa.float32()), ("threshold", pa.float32()), ("is_anomaly", pa.bool_()), ("reason", pa.string())]
    if kind == "seismic":
        columns += [("trace", pa.int64()), *SEISMIC_HEADERS.items()]
        return pa.schema(columns + result)
    columns += [("well", pa.string()), ("depth", pa.float64())]
    of_curves: list[tuple[str, pa.DataType]] = []
    for curve in curves:
        of_curves += [(curve, pa.float32()), (f"{curve}_DN", pa.float32())]
        of_curves += [(f"ANOM_{curve}", pa.float32()), (f"BADLOG_{curve}", pa.int8())]
    return pa.schema(columns + result + of_curves)


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
        summary = {name: quantile_summary(values) for name, values in scores.features.items()}
        schema = schema.with_metadata({FEATURES: json.dumps(summary)})
    return pa.table([_typed(columns[field.name], field.type) for field in schema], schema=schema)


def quarantine(
    destination: Destination, path: Path, source: str, sha256: str, findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Copy an unusable file beside the reason why; the input stays as it is.

    Args:
        destination: whose outbox it is, and the mark of temporary files.
        path: the file, where it can be opened.
        source: what people call it.
        sha256: of its content.
        findings: what is wrong with it.

    Returns:
        The paths of the copy and of reason.json, which is written last.
    """
    folder = destination.outbox / "quarantine" / sha256
    copy, target = folder / path.name, folder / "reason.json"
    with atomic_path(copy, destination.temp_prefix) as temporary:
        shutil.copyfile(path, temporary)
    reason = {"source": source, "sha256": sha256, "findings": [finding.to_dict() for finding in findings]}
    text = json.dumps(reason, indent=2, ensure_ascii=False) + "\n"
    with atomic_path(target, destination.temp_prefix) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return copy, target


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
    return re.sub(r"[^\w.+-]|[\ud800-\udfff]", "_", text)


def _short(text: str, most: int = 160) -> str:
    """The beginning of a name, so that suffixes fit into the 255 bytes that a name may have.

    >>> len(_short("\u00e4" * 250).encode())
    160
    """
    return text.encode()[:most].decode(errors="ignore")
