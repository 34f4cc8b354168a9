"""Files of the ranges of a large line, and the outputs that are assembled from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import score_line
from aemodels.bundle.line_sources import SegyLine
from aemodels.core.types import FloatArray
from aemodels.field.headers import describe_line
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.gzip import content_stem
from aemodels.io.files.size_limits import MIB
from aemodels.io.segy.denoised_copy import encode_blocks, write_encoded_copy
from aemodels.io.segy.read_plan import plan_segy
from aemodels.io.segy.reader import read_span
from tasks.scoring.line_ranges.plan import LinePart, LinePlan, read_plan
from tasks.scoring.line_ranges.range_files import RangeFiles, RangeSummary
from tasks.scoring.line_ranges.survey import survey_of
from tasks.scoring.outbox import ABOUT, Targets, score_schema, score_table, stage_by, targets
from tasks.scoring.outbox_large_lines import LargeLine, LineTotals, WrittenLine, history_of, report_of
from tasks.scoring.places.staged import Destination, Staged


def write_range(line: LargeLine, bundle: Bundle, part: LinePart) -> RangeSummary:
    """Score one range of a line and write its traces and scores; a range that is finished is left as it is.

    Args:
        line: the file, not packed.
        bundle: of kind "seismic".
        part: folder with the plan, and number of the range.

    Raises:
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    plan = read_plan(Path(part.folder))
    blocks = plan.ranges[part.number]
    names = RangeFiles(Path(part.folder), part.number)
    if names.summary.exists():
        return names.read()
    segy, totals = plan_segy(line.local, line.positions, line.source), LineTotals()

    def denoised(writer: pq.ParquetWriter) -> Iterator[FloatArray]:
        for block in score_line(SegyLine(segy), bundle, survey_of(plan), blocks):
            writer.write_table(score_table(block.recording, block.scores))
            totals.add(block)
            yield block.scores.denoised

    prefix = part.temp_prefix
    with (
        atomic_path(names.traces, prefix) as traces,
        atomic_path(names.scores, prefix) as scores,
        traces.open("wb") as stream,
        pq.ParquetWriter(scores, score_schema("seismic", ()), compression="zstd") as writer,
    ):
        for data in encode_blocks(line.local, denoised(writer), blocks[0][0]):
            stream.write(data)
    shown = totals.shown[0].recording.channels
    summary = RangeSummary(
        rows=totals.rows,
        flagged=totals.flagged,
        worst=(shown[0].headers["trace"], shown[-1].headers["trace"] + 1),
        worst_flagged=totals.max_flagged,
        start=segy.layout.byte_offset(blocks[0][0]),
        size=names.traces.stat().st_size,
        traces_sha256=_digest(names.traces),
        scores_sha256=_digest(names.scores),
    )
    with atomic_path(names.summary, prefix) as temporary:
        temporary.write_text(summary.model_dump_json(), encoding="utf-8")
    return summary


def stage_ranges(
    destination: Destination, line: LargeLine, bundle: Bundle, part: LinePart
) -> tuple[tuple[Staged, ...], WrittenLine]:
    """Assemble the outputs of a line from its finished ranges, under temporary names.

    Args:
        destination: destination of the outputs.
        line: the file, not packed.
        bundle: scores the block that the report shows once more.
        part: folder with the plan and the ranges.

    Returns:
        As `tasks.scoring.outbox_large_lines.stage_blocks`.

    Raises:
        ChangedError: if the input was changed after it was read; temporary files are then deleted.
        OSError: if a range is missing, or its bytes are not those that were written; the next run scores it again.
    """
    plan = read_plan(Path(part.folder))
    files = [RangeFiles(Path(part.folder), number) for number in range(len(plan.ranges))]
    if missing := [names.number for names in files if not names.summary.exists()]:
        raise OSError(f"{line.source.uri}: ranges {missing} of {len(files)} are not finished; run it again")
    summaries, survey = [names.read() for names in files], survey_of(plan)
    segy = plan_segy(line.local, line.positions, line.source)
    written = WrittenLine(sum(s.rows for s in summaries), sum(s.flagged for s in summaries), survey.findings)

    def write(paths: Targets) -> None:
        history = history_of(destination.label, bundle)
        write_encoded_copy(line.local, paths.copy, _checked_bytes(files, summaries), history)
        _join_scores(paths.scores, files, summaries, (line, plan))
        totals = LineTotals(written.rows, written.flagged)
        worst = max(summaries, key=lambda summary: summary.worst_flagged).worst
        totals.shown = list(score_line(SegyLine(segy), bundle, survey, [worst]))
        paths.report.write_text(report_of(totals, survey, destination.label, line.source), encoding="utf-8")

    return stage_by(destination, targets(destination, read_span(segy, 0, 1)), write, (line.local, line.source)), written


def _checked_bytes(files: Sequence[RangeFiles], summaries: Sequence[RangeSummary]) -> Iterator[bytes]:
    """Yield the bytes of all ranges in order.

    Raises:
        OSError: if they are not those that were written.
    """
    for names, summary in zip(files, summaries, strict=True):
        digest = hashlib.sha256()
        with names.traces.open("rb") as stream:
            while data := stream.read(MIB):
                digest.update(data)
                yield data
        if digest.hexdigest() != summary.traces_sha256:
            raise _altered(names, names.traces)


def _join_scores(
    path: Path, files: Sequence[RangeFiles], summaries: Sequence[RangeSummary], whole: tuple[LargeLine, LinePlan]
) -> None:
    """Write the rows of all ranges in order to one parquet file."""
    line, plan = whole
    with pq.ParquetWriter(path, score_schema("seismic", ()), compression="zstd") as writer:
        for names, summary in zip(files, summaries, strict=True):
            if _digest(names.scores) != summary.scores_sha256:
                raise _altered(names, names.scores)
            with pq.ParquetFile(names.scores) as scores:
                for group in range(scores.num_row_groups):
                    writer.write_table(scores.read_row_group(group))
        about = describe_line(content_stem(line.source.path), survey_of(plan).findings)
        writer.add_key_value_metadata({ABOUT.decode(): json.dumps(about)})


def _altered(names: RangeFiles, path: Path) -> OSError:
    """Return the error of a range whose bytes have changed; without its summary it is scored again."""
    names.summary.unlink(missing_ok=True)
    return OSError(f"{path} is not what was written; expected a finished range; check the disk of the home folder")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
