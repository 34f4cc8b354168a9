"""The outbox for lines larger than memory: the same outputs, written block by block."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from aemodels.bundle import Bundle
from aemodels.evaluate.report import render_report
from aemodels.io.atomic import atomic_path
from aemodels.io.hashing import sha256_file
from aemodels.io.packed import content_stem, plain_file
from aemodels.io.segy import read_segy_blocks
from aemodels.io.segy_copy import write_denoised_blocks
from aemodels.io.segy_plan import plan_segy
from aemodels.streaming import LineSurvey, ScoredBlock, block_traces_of, score_segy_blocks, shown_in_part, survey_line
from aemodels.types import Finding, FloatArray, Source
from tasks.outbox import BundleLabel, ChangedError, Targets, score_schema, score_table, targets
from tasks.settings import Settings


@dataclass(frozen=True)
class PublishedLine:
    """What became of a large line: its outputs, rows scored and flagged, and what the reader noticed."""

    goal: Targets
    rows: int
    flagged: int
    findings: tuple[Finding, ...]


@dataclass
class _Tally:
    """What is known of a line while its blocks go by: rows, flagged rows, and the block that the report shows."""

    rows: int = 0
    flagged: int = 0
    shown: list[ScoredBlock] = field(default_factory=list)
    most: int = -1

    def add(self, block: ScoredBlock) -> None:
        flagged = int(block.scores.is_anomaly.sum())
        self.rows += len(block.scores.score)
        self.flagged += flagged
        if flagged > self.most:
            self.most, self.shown = flagged, [block]


def publish_blocks(
    outbox: Path, source: Source, bundle: Bundle, label: BundleLabel, settings: Settings
) -> PublishedLine:
    """Score a SEG-Y file block by block and write all its outputs; they appear together, the scores last.

    The report shows the block with the most flagged traces, and says so.

    Args:
        outbox: its root; made where missing.
        source: the file, plain or gzip'd, and its sha256.
        bundle: of kind "seismic".
        label: the bundle's name and version.
        settings: header positions and limits.

    Raises:
        ChangedError: if the input is not the file any more that was scored; nothing is published.
        DataError: if the bundle cannot score a line in blocks.
        UnreadableFileError: if the file is no readable SEG-Y.
    """
    tally = _Tally()
    with ExitStack() as stack:
        plain = stack.enter_context(plain_file(source.path, settings.limits))
        survey = _survey(plain, settings)
        blocks = score_segy_blocks(plain, bundle, positions=settings.header_positions, survey=survey)
        first = next(blocks)
        goal = targets(outbox, dataclasses.replace(first.recording, source=source), label)
        # entered first = renamed last: the parquet file is the sign that the others are there
        table_path, copy_path, report_path = (
            stack.enter_context(atomic_path(path)) for path in (goal.scores, goal.copy, goal.report)
        )
        history = f"sondeflow: denoised and scored with {label}; threshold {first.scores.threshold:.6g}"
        with pq.ParquetWriter(table_path, score_schema("seismic", ()), compression="zstd") as writer:
            rows = _written(_chain(first, blocks), writer, source, tally)
            write_denoised_blocks(plain, copy_path, rows, history)
        report_path.write_text(_report(tally, survey, str(label), source), encoding="utf-8")
        if sha256_file(source.path) != source.sha256:
            raise ChangedError(f"{source.uri}: changed while it was scored; left for the next run")
    return PublishedLine(goal, tally.rows, tally.flagged, survey.findings)


def _survey(plain: Path, settings: Settings) -> LineSurvey:
    positions = settings.header_positions
    traces = block_traces_of(plan_segy(plain, positions).layout.samples)
    return survey_line(read_segy_blocks(plain, traces=traces, positions=positions))


def _chain(first: ScoredBlock, others: Iterator[ScoredBlock]) -> Iterator[ScoredBlock]:
    yield first
    yield from others


def _written(
    blocks: Iterator[ScoredBlock], writer: pq.ParquetWriter, source: Source, tally: _Tally
) -> Iterator[FloatArray]:
    """Write each block's rows on the way to the denoised copy."""
    for block in blocks:
        recording = dataclasses.replace(block.recording, source=source)
        writer.write_table(score_table(recording, block.scores))
        tally.add(block)
        yield block.scores.denoised


def _report(tally: _Tally, survey: LineSurvey, label: str, source: Source) -> str:
    (block,) = tally.shown
    first, last = block.recording.names[0], block.recording.names[-1]
    name = f"{content_stem(source.path)}, {first} to {last}"
    note = shown_in_part(block, flagged=tally.flagged, traces=tally.rows)
    recording = dataclasses.replace(block.recording, source=source, name=name)
    return render_report(recording, block.scores, bundle_label=label, findings=(note, *survey.findings))
