"""Score files of an outbox: their listing, their columns, and the summary of each."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.curves.canonical import CANONICAL
from aemodels.field.summarise import Columns, summarise_line, summarise_well
from aemodels.field.summary import FileSummary
from tasks.field.arrow_columns import filled

ABOUT = b"sondeflow.about"  # as written by tasks.scoring.outbox, which imports the report's figures
_RESULT = ("score", "is_anomaly", "suspect", "judged", "reason")
ACTIONS = ("accept", "reject", "redraw", "add")
_LINE = ("trace", "cdp_x", "cdp_y")
SHORT_HASH = 8  # digits of the hash in the names of reports
REVIEWED = ".reviewed.html"  # end of the name of a report with reviews in it
_SCORES = re.compile(r"scores/kind=(?P<kind>logs|seismic)/bundle=(?P<bundle>[^/]*)/[^/.][^/]*\.parquet")


@dataclass(frozen=True, order=True)
class ScoreFile:
    """A score file of an outbox.

    Args:
        path: in the outbox, with "/".
        size: in bytes.
        modified: time of modification, ns.
        kind, bundle: from the names of its folders.
        report: path of its report in the outbox, "" if there is none.
        tag: of its object in a store, which differs if it was written again; "" of a file.
    """

    path: str
    size: int
    modified: int
    kind: str
    bundle: str
    report: str = ""
    tag: str = ""

    @property
    def sha256(self) -> str:
        """Hash of the input."""
        return Path(self.path).stem

    @property
    def state(self) -> str:
        """Text that differs if the file was written again, or its report was."""
        return f"{self.path}|{self.size}|{self.modified}|{self.report}" + (f"|{self.tag}" if self.tag else "")


def list_score_files(outbox: Path) -> list[ScoreFile]:
    """Return the score files of an outbox, the newest of each content, in the order of their paths.

    Raises:
        DataError: if the folder is not an outbox.
    """
    scores = outbox / "scores"
    if not scores.is_dir():
        raise DataError(
            f"{outbox} has no folder `scores`; expected the outbox of `sondeflow score --out`; give that folder"
        )
    return newest_score_files(_in_folder(outbox, scores), _in_reports(outbox))


def newest_score_files(found: Iterable[tuple[str, int, int, str]], reports: Iterable[str]) -> list[ScoreFile]:
    """Return the score files among files of an outbox, the newest of each content, in the order of their paths.

    Args:
        found: path in the outbox, size in bytes, time of modification in ns, and tag of each file.
        reports: paths in the outbox of the files in its folder of reports.
    """
    by_hash = _by_hash(reports)
    newest: dict[str, ScoreFile] = {}
    for path, size, modified, tag in found:
        if (named := _SCORES.fullmatch(path)) is None:
            continue
        kind, bundle = named["kind"], named["bundle"]
        report = _report(by_hash.get(Path(path).name[:SHORT_HASH], []), f"bundle={bundle}")
        one = ScoreFile(path, size, modified, kind, bundle, report, tag)
        known = newest.get(one.sha256)
        if known is None or known.modified < one.modified:
            newest[one.sha256] = one
    return sorted(newest.values())


def summarise_score_file(outbox: Path, file: ScoreFile) -> FileSummary:
    """Read a score file and summarise it.

    Raises:
        DataError: if it is damaged, or is not a score file.
    """
    try:
        return _summarise(outbox, file)
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise DataError(
            f"{outbox / file.path}: found {problem}; expected a score file; delete it and score its input again"
        ) from error


def read_curve(outbox: Path, path: str, curve: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the depths float64[sample] in m and the readings float32[sample] of one curve of a score file."""
    table = pq.read_table(outbox / path, columns=["depth", curve], partitioning=None)
    return _floats(table["depth"], np.float64), _floats(table[curve], np.float32)


def list_quarantined(outbox: Path) -> list[dict[str, Any]]:
    """Return a row per file in quarantine: source, sha256, and its findings as text."""
    rows = []
    for reason in sorted((outbox / "quarantine").glob("*/reason.json")):
        try:
            said = json.loads(reason.read_text(encoding="utf-8"))
            findings = [f"[{one['code']}] {one['where']}: {one['found']}" for one in said["findings"]]
            rows.append({"source": str(said["source"]), "sha256": str(said["sha256"]), "findings": findings})
        except (OSError, ValueError, KeyError, TypeError) as error:
            rows.append({"source": reason.parent.name, "sha256": reason.parent.name, "findings": [repr(error)[:200]]})
    return rows


def count_reviews(outbox: Path) -> dict[str, dict[str, int]]:
    """Return the number of decisions by action of each reviewed content, as `tasks.review.apply` wrote them."""
    counts: dict[str, dict[str, int]] = {}
    for path in (outbox / "reviews").glob("*.json"):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            actions = [str(decision["action"]) for review in said for decision in review["decisions"]]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it is made again by the next `sondeflow reviews apply`
        counts[path.stem] = {action: actions.count(action) for action in ACTIONS if action in actions}
    return counts


def _in_folder(outbox: Path, scores: Path) -> Iterator[tuple[str, int, int, str]]:
    """Yield path, size, time of modification and an empty tag of the files in the folders of the bundles."""
    for folder in sorted(scores.glob("kind=*/bundle=*")):
        if folder.is_dir():
            for entry in os.scandir(folder):
                if entry.name.endswith(".parquet") and entry.is_file():
                    status = entry.stat()
                    path = f"{folder.relative_to(outbox).as_posix()}/{entry.name}"
                    yield path, status.st_size, status.st_mtime_ns, ""


def _in_reports(outbox: Path) -> Iterator[str]:
    for folder, _, names in os.walk(outbox / "reports"):
        place = Path(folder).relative_to(outbox).as_posix()
        yield from (f"{place}/{name}" for name in names)


def _by_hash(reports: Iterable[str]) -> dict[str, list[str]]:
    """Return the paths of the reports by the first digits of the hash of their input."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in reports:
        parts = path.rpartition("/")[2].replace(REVIEWED, ".html").rsplit(".", 2)
        if len(parts) == 3 and parts[2] == "html":
            found[parts[1]].append(path)
    return found


def _report(paths: Sequence[str], bundle: str) -> str:
    """Return the report of a bundle, which lies in a folder of its own if another one came first; the reviewed one."""
    own = [path for path in paths if f"/{bundle}/" in path] or [path for path in paths if path.count("/") == 1] or [""]
    return next((path for path in own if path.endswith(REVIEWED)), own[0])


def _summarise(outbox: Path, file: ScoreFile) -> FileSummary:
    with pq.ParquetFile(outbox / file.path) as parquet:
        names = set(parquet.schema_arrow.names)
        curves = [name for name in CANONICAL if {name, f"{name}_DN", f"BADLOG_{name}"} <= names]
        wanted = ["depth", *_of_curves(curves)] if file.kind == "logs" else list(_LINE)
        table = parquet.read([name for name in (*wanted, *_RESULT) if name in names])
        first = next(parquet.iter_batches(1, columns=[n for n in ("source", "well") if n in names])).to_pylist()[0]
        metadata = {**(parquet.schema_arrow.metadata or {}), **(parquet.metadata.metadata or {})}
    columns = _columns(table)
    place = {
        "sha256": file.sha256,
        "source": str(first["source"]),
        "bundle": file.bundle,
        "scores": file.path,
        "report": file.report,
        "about": json.loads(metadata.get(ABOUT, b"{}")),
    }
    if file.kind == "seismic":
        return summarise_line(columns, place)
    return summarise_well({**columns, "well": np.array([first.get("well") or ""])}, curves, place)


def _of_curves(curves: Sequence[str]) -> Iterator[str]:
    for curve in curves:
        yield from (curve, f"{curve}_DN", f"BADLOG_{curve}")


def _columns(table: pa.Table) -> Columns:
    rows = table.num_rows
    if not rows:
        raise DataError("no rows")
    out: dict[str, Any] = {"suspect": np.zeros(rows, dtype=np.bool_), "judged": np.ones(rows, dtype=np.bool_)}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_string(column.type):
            out[name] = np.asarray([text or "" for text in column.to_pylist()], dtype=object)
        elif pa.types.is_boolean(column.type):
            out[name] = filled(column, False)
        elif name.startswith("BADLOG_"):
            out[name] = filled(column, 0).astype(np.bool_)
        else:
            out[name] = _floats(column, np.float64 if pa.types.is_float64(column.type) else np.float32)
    return out


def _floats(column: pa.ChunkedArray, kind: type) -> NDArray[Any]:
    """Return a column as floats, NaN if null or infinite."""
    values: NDArray[Any] = filled(column, 0 if pa.types.is_integer(column.type) else np.nan).astype(kind)
    return np.where(np.isfinite(values), values, np.nan).astype(kind)
