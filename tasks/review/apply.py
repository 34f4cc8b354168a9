"""Reviews shown again: in copies of the report and of the LAS file, and to the scorecard of the field.

What scoring has published is not changed; the reviewed copies lie beside it and are made again from it each time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import escape

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from aemodels.io.added_curves import AddedCurve
from aemodels.io.files.atomic import atomic_path
from aemodels.io.las.writer import write_flagged_las
from aemodels.io.readers import read
from aemodels.report.html.report import KEPT_REVIEWS
from aemodels.review.curves import review_curves
from aemodels.review.document import AnyDecision, Decision, Review, latest_decisions
from tasks.field.score_files import REVIEWED, ScoreFile, list_score_files
from tasks.ingest.reading_process import Ask, Row, answer_of, reading_process
from tasks.settings import Settings

ANSWER = "tasks.review.apply:answer"
FLAG = "BADLOG_"
OF_KIND = {"logs": "depths of a well", "seismic": "traces of a line"}


def apply_reviews(outbox: Path, reviews: Sequence[Review], settings: Settings) -> list[dict[str, Any]]:
    """Write the reviews of the wells and lines of an outbox beside their outputs.

    The copies that scoring wrote hold what arrived, so they are read in a process with limits of time and memory.

    Args:
        outbox: folder that `sondeflow score` wrote to.
        reviews: all that were kept.
        settings: the limits.

    Returns:
        A row per reviewed file: sha256, well, number of decisions that count, files written, and what could not be.

    Raises:
        DataError: if the folder is not an outbox.
    """
    grouped: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        grouped[review.sha256].append(review)
    files = [file for file in list_score_files(outbox) if file.sha256 in grouped]
    with reading_process(ANSWER, settings) as ask:
        return [_applied(ask, outbox, file, grouped[file.sha256]) for file in files]


def answer(line: str) -> str:
    """Write the reviews of the well of a line beside its outputs, and return its row, for a worker process.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    job = json.loads(line)
    reviews = [Review.model_validate_json(document) for document in job["reviews"]]
    return answer_of(
        lambda: [_apply(Path(job["outbox"]), ScoreFile(**job["file"]), reviews)],
        lambda finding: [{"findings": [finding.to_dict()]}],
    )


def _applied(ask: Ask, outbox: Path, file: ScoreFile, reviews: Sequence[Review]) -> Row:
    """Return the row of a well; one that costs its process its life has a problem and the others are written."""
    documents = [review.text for review in reviews]
    (row,) = ask({"path": file.path, "outbox": str(outbox), "file": asdict(file), "reviews": documents})
    if "findings" not in row:
        return row
    counted = latest_decisions([review for review in reviews if review.kind == file.kind])
    problems = [f"{file.report or file.path}: {Finding(**finding)}" for finding in row["findings"]]
    return _row(file, reviews[-1].well, len(counted), [], problems)


def _apply(outbox: Path, file: ScoreFile, reviews: Sequence[Review]) -> dict[str, Any]:
    own = [review for review in reviews if review.kind == file.kind]
    counted = latest_decisions(own)
    kept = [one.model_dump(mode="json") for one in _with_decisions(counted)]
    written = [_write_json(outbox / "reviews" / f"{file.sha256}.json", kept)]
    problems = [
        f"review {review.content_hash[:12]}: is of {OF_KIND[review.kind]}, but {file.sha256[:8]} is not; left out"
        for review in reviews
        if review.kind != file.kind
    ]
    report = file.report.replace(REVIEWED, ".html")
    if report:
        target = outbox / report.replace(".html", REVIEWED)
        if _write_report(outbox / report, target, kept):
            written.append(str(target))
        else:
            problems.append(f"{report}: has no place for reviews, it is of an earlier version; score its input again")
    for copy in _las_copies(outbox, report):
        try:
            written.append(_write_las(copy, [one for _, one in counted if isinstance(one, Decision)]))
        except SondeflowError as error:
            problems.append(f"{copy}: {error}")
    return _row(file, reviews[-1].well, len(counted), written, problems)


def _row(file: ScoreFile, well: str, decisions: int, written: list[str], problems: list[str]) -> Row:
    return {"sha256": file.sha256, "well": well, "decisions": decisions, "written": written, "problems": problems}


def _with_decisions(counted: Sequence[tuple[Review, AnyDecision]]) -> list[Review]:
    """Return the reviews with the decisions that count only, in their order."""
    found: dict[str, tuple[Review, list[AnyDecision]]] = {}
    for review, decision in counted:
        found.setdefault(review.content_hash, (review, []))[1].append(decision)
    return [review.model_copy(update={"decisions": tuple(decisions)}) for review, decisions in found.values()]


def _write_json(target: Path, kept: Sequence[Mapping[str, Any]]) -> str:
    with atomic_path(target) as path:
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return str(target)


def _write_report(report: Path, target: Path, kept: Sequence[Mapping[str, Any]]) -> bool:
    """Write a copy of a report with the reviews in it; return False if it has no place for them."""
    html = report.read_text(encoding="utf-8")
    if html.count(KEPT_REVIEWS) != 1:
        return False
    filled = KEPT_REVIEWS.replace("[]", str(escape(json.dumps(kept, separators=(",", ":")))))
    with atomic_path(target) as path:
        path.write_text(html.replace(KEPT_REVIEWS, filled), encoding="utf-8")
    return True


def _las_copies(outbox: Path, report: str) -> list[Path]:
    """Return the scored LAS copy that belongs to a report: the same name in the same folder of its version."""
    copy = outbox / "las" / Path(report).relative_to("reports").with_suffix(".las") if report else None
    return [copy] if copy is not None and copy.is_file() else []


def _write_las(copy: Path, decisions: Sequence[Decision]) -> str:
    """Write the scored copy of a well again with REVIEW_<C> for each reviewed curve."""
    recording = read(copy)
    mnemonics = {str(channel.headers.get("mnemonic", channel.name)) for channel in recording.channels}
    names = sorted(name.removeprefix(FLAG) for name in mnemonics | set(recording.names) if name.startswith(FLAG))
    description = "reviewed: 1 = fault, 0 = flagged and sound"
    added = [
        AddedCurve(f"REVIEW_{name}", "", f"{name} {description}", values)
        for name, values in review_curves(recording.axis, decisions, names).items()
    ]
    target = copy.with_name(copy.name.removesuffix(".las") + REVIEWED.replace(".html", ".las"))
    write_flagged_las(copy, target, added, recording, f"sondeflow: {len(decisions)} decisions of reviewers added")
    return str(target)
