"""Outputs of scoring in the outbox: their paths, formats and atomic publication."""

from __future__ import annotations

import hashlib
import json
import os
import re
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
from aemodels.field.headers import describe_file
from aemodels.field.other_curves import describe_other_curves
from aemodels.io.files.atomic import PART_SUFFIX, atomic_path, sync, temporary_name
from aemodels.io.files.gzip import content_stem, plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.machine_faults import NO_ROOM
from aemodels.io.files.regular import open_regular
from aemodels.io.files.size_limits import DEFAULT_LIMITS, MIB, SizeLimits
from aemodels.io.formats import format_of
from aemodels.io.volume.store import hash_store
from aemodels.monitoring.histogram import quantile_summary
from aemodels.report.html.report import render_report
from aemodels.signal.quality_rules import assess
from tasks.storage.parts import Piece

FLUSHES = 16
IDENTIFY, QUARANTINE = "identify ", "quarantine "  # start of a line for a worker process; without one it is to score
SEISMIC_HEADERS = {"inline": pa.int64(), "crossline": pa.int64(), "cdp_x": pa.float64(), "cdp_y": pa.float64()}
FEATURES = b"sondeflow.features"  # metadata key of the quantiles of the trace features, as JSON
ABOUT = b"sondeflow.about"  # metadata key of the header, the curves and the findings of the file, as JSON


class ChangedError(SondeflowError):
    """The input was changed or removed after it was read; the next run takes it again."""


@dataclass(frozen=True)
class BundleLabel:
    """Name and version under which a bundle's scores are filed, and the address of its card, "" if there is none."""

    name: str
    version: str
    card: str = ""

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


@dataclass(frozen=True)
class Destination:
    """Destination of the outputs of one file.

    Args:
        outbox: root of the outbox.
        label: label of the bundle.
        own_folder: another version has published the same content, so copy and report, whose names contain no version,
            go to a folder of this version.
        temp_prefix: prefix of the names of temporary files, which identifies the worker.
        limits: up to which a packed input is unpacked.
    """

    outbox: Path
    label: BundleLabel
    own_folder: bool = False
    temp_prefix: str = ""
    limits: SizeLimits = DEFAULT_LIMITS


@dataclass(frozen=True)
class Targets:
    """Paths of the outputs of one file."""

    scores: Path
    copy: Path
    report: Path


@dataclass(frozen=True)
class Staged:
    """A complete output under a temporary name.

    Args:
        temporary: its path.
        target: its final path or address.
        sha256: of its bytes.
        pieces: parts of it that the store of its outbox has already.
    """

    temporary: str
    target: str
    sha256: str
    pieces: tuple[Piece, ...] = ()


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


def publish(batches: Iterable[Sequence[Staged]]) -> None:
    """Rename staged outputs of one or more files to their final names, flushed to disk.

    Raises:
        OSError: if an output cannot be flushed or renamed; the scores of its file are then not published.
    """
    files = list(batches)
    with ThreadPoolExecutor(FLUSHES) as pool:  # concurrent flushes cost a file system little more than one
        list(pool.map(sync, [Path(item.temporary) for staged in files for item in staged]))
    for group in ([item for staged in files for item in staged[:-1]], [staged[-1] for staged in files]):
        for item in group:
            os.replace(item.temporary, item.target)  # noqa: PTH105 - atomic rename
        for folder in sorted({os.path.dirname(item.target) for item in group}):  # noqa: PTH120
            sync(Path(folder))


def discard(staged: Iterable[Staged]) -> None:
    """Delete staged outputs."""
    for item in staged:
        Path(item.temporary).unlink(missing_ok=True)


def remove_temporary_files(outbox: Path, temp_prefix: str) -> int:
    """Delete the temporary files of a dead worker; return their number."""
    found = 0
    for folder, _, names in os.walk(outbox):
        for name in names:
            if name.startswith(f".{temp_prefix}") and name.endswith(PART_SUFFIX):
                (Path(folder) / name).unlink(missing_ok=True)
                found += 1
    return found


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


def quarantine(
    destination: Destination, path: Path, source: str, sha256: str, findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Copy an unusable file to the quarantine with the reason; the input is not changed.

    Args:
        destination: gives the outbox and the prefix of temporary names.
        path: local path of the file.
        source: its path in the inbox or its URL.
        sha256: of its content.
        findings: reasons why it is unusable.

    Raises:
        ChangedError: if the content is not the one with this hash any more.
        OSError: if nothing can be written.

    Returns:
        The paths of the copy, if there is room for one, and of reason.json, which is written last.
    """
    folder = destination.outbox / "quarantine" / sha256
    target = folder / "reason.json"
    copy = folder / (path.name if path.name != target.name else f"file.{path.name}")
    reason: dict[str, Any] = {
        "source": source,
        "sha256": sha256,
        "findings": [finding.to_dict() for finding in findings],
    }
    try:
        with atomic_path(copy, destination.temp_prefix) as temporary:
            _copy(path, temporary, sha256)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        reason["copy"] = f"none: {error.strerror}; the file is left where it arrived"
    text = json.dumps(reason, indent=2, ensure_ascii=False) + "\n"
    with atomic_path(target, destination.temp_prefix) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return (target,) if "copy" in reason else (copy, target)


def quarantine_supervised(
    ask: Callable[[str], bytes], destination: Destination, file: tuple[Path, str, str], findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Quarantine a file as `quarantine` does, in a worker process: its disk may hang.

    Args:
        ask: asks a worker process, see `ProcessPool.ask`.
        destination: as for `quarantine`.
        file: local path, path in the inbox, and sha256.
        findings: as for `quarantine`.

    Raises:
        ChangedError: as `quarantine`.
        OSError: as `quarantine`.
        WorkerProcessError: if the process died or exceeded its time.
    """
    place = {"outbox": str(destination.outbox), "temp_prefix": destination.temp_prefix}
    told = [finding.to_dict() for finding in findings]
    job = {**place, "path": str(file[0]), "source": file[1], "sha256": file[2], "findings": told}
    reply = json.loads(ask(QUARANTINE + json.dumps(job)))
    if "changed" in reply:
        raise ChangedError(reply["changed"])
    if "error" in reply:
        raise OSError(*reply["error"])
    return tuple(Path(path) for path in reply["paths"])


def answer_quarantine(line: str) -> str:
    """Quarantine the file of a line, and return the result as one line, in a worker process."""
    job = json.loads(line)
    destination = Destination(Path(job["outbox"]), BundleLabel("", ""), temp_prefix=job["temp_prefix"])
    findings = tuple(Finding(**finding) for finding in job["findings"])
    try:
        paths = quarantine(destination, Path(job["path"]), job["source"], job["sha256"], findings)
    except (ChangedError, FileNotFoundError) as error:
        return json.dumps({"changed": str(error)})
    except OSError as error:
        return json.dumps({"error": [error.errno, error.strerror or str(error)]})
    return json.dumps({"paths": [str(path) for path in paths]})


def _copy(path: Path, target: Path, sha256: str) -> None:
    """Copy a file, and check the bytes that were copied: the name may lead to another file by now."""
    digest = hashlib.sha256()
    with open_regular(path) as source, target.open("wb") as copy:
        while block := source.read(MIB):
            digest.update(block)
            copy.write(block)
    if digest.hexdigest() != sha256:
        raise ChangedError(f"{path}: changed before it was quarantined")


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
