"""Outputs of lines larger than memory: the same files, written block by block."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow.parquet as pq

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import (
    ScoredBlock,
    block_spans,
    line_spans,
    partly_shown_finding,
    score_line,
    traces_per_block,
)
from aemodels.bundle.line_sources import SegyLine
from aemodels.bundle.line_survey import LineSurvey, survey_line
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores, Source
from aemodels.field.headers import describe_line
from aemodels.io.files.gzip import content_stem, plain_file
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.formats import format_of
from aemodels.io.segy.denoised_copy import write_denoised_blocks
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.segy.read_plan import plan_segy
from aemodels.io.segy.reader import read_segy_blocks, read_span
from aemodels.io.volume.reader import Volume
from aemodels.io.volume.scored_copy import write_scored_blocks
from aemodels.report.html.report import render_report
from tasks.scoring.outbox import ABOUT, Targets, score_schema, score_table, stage_by, targets
from tasks.scoring.places.staged import BundleLabel, Destination, Staged


@dataclass(frozen=True)
class LargeLine:
    """A line to score block by block.

    Args:
        local: local path of the file, plain or gzip'd.
        source: its path or URL, and the sha256 of its bytes.
        positions: as for `read_segy`.
        limits: sizes above which it is refused as a decompression bomb.
    """

    local: Path
    source: Source
    positions: HeaderPositions | None = None
    limits: SizeLimits = DEFAULT_LIMITS


@dataclass(frozen=True)
class WrittenLine:
    """Summary of a scored line: rows scored and flagged, and the findings of the reader."""

    rows: int
    flagged: int
    findings: tuple[Finding, ...]


@dataclass
class LineTotals:
    """Running totals over the blocks of a line: rows, flagged rows, and the block with the most flags."""

    rows: int = 0
    flagged: int = 0
    shown: list[ScoredBlock] = field(default_factory=list)
    max_flagged: int = -1

    def add(self, block: ScoredBlock) -> None:
        flagged = int(block.scores.is_anomaly.sum())
        self.rows += len(block.scores.score)
        self.flagged += flagged
        if flagged > self.max_flagged:
            self.max_flagged, self.shown = flagged, [block]


def stage_blocks(destination: Destination, line: LargeLine, bundle: Bundle) -> tuple[tuple[Staged, ...], WrittenLine]:
    """Score a SEG-Y file or volume block by block and write all its outputs under temporary names.

    Args:
        destination: destination of the outputs.
        line: the file.
        bundle: of kind "seismic".

    Returns:
        The staged outputs, as from `tasks.scoring.outbox.stage_by`, and the summary.

    Raises:
        ChangedError: if the input was changed after it was read; temporary files are then deleted.
        DataError: if the bundle cannot score a line in blocks.
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    with plain_file(line.local, line.limits) as plain:
        named = dataclasses.replace(_first_trace(plain, line), source=line.source)
    written: list[WrittenLine] = []

    def write(paths: Targets) -> None:
        written.append(write_line(paths, line, bundle, destination.label))

    staged = stage_by(destination, targets(destination, named), write, (line.local, line.source))
    return staged, written[0]


def write_line(paths: Targets, line: LargeLine, bundle: Bundle, label: BundleLabel) -> WrittenLine:
    """Score a line block by block and write scores, copy and report, with constant memory.

    The report shows the block with the most flagged traces, with a note.

    Args:
        paths: output paths; existing files are overwritten.
        line: the file.
        bundle: of kind "seismic".
        label: name and version of the bundle.

    Raises:
        DataError: if the bundle cannot score a line in blocks.
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    totals = LineTotals()
    history = history_of(label, bundle)
    with plain_file(line.local, line.limits) as plain:
        form = format_of(line.source.path)
        survey, blocks, write_copy = (_of_segy if form.in_ranges else _of_volume)(plain, line, bundle)
        with pq.ParquetWriter(paths.scores, score_schema("seismic", ()), compression="zstd") as writer:
            write_copy(paths.copy, _written(blocks, writer, line.source, totals), history)
            about = describe_line(content_stem(line.source.path), survey.findings)
            writer.add_key_value_metadata({ABOUT.decode(): json.dumps(about)})
    paths.report.write_text(report_of(totals, survey, label, line.source), encoding="utf-8")
    return WrittenLine(totals.rows, totals.flagged, survey.findings)


WriteCopy: TypeAlias = Callable[[Path, Iterable[Scores], str], None]


def _first_trace(plain: Path, line: LargeLine) -> Recording:
    if format_of(line.source.path).in_ranges:
        return read_span(plan_segy(plain, line.positions, line.source), 0, 1)
    with Volume(plain, line.limits, line.source) as volume:
        return volume.read(0, 1)


def _of_segy(plain: Path, line: LargeLine, bundle: Bundle) -> tuple[LineSurvey, Iterator[ScoredBlock], WriteCopy]:
    """Return the survey of a SEG-Y file, its scored blocks, and the function that writes its copy from their scores."""
    plan = plan_segy(plain, line.positions, line.source)
    spans = block_spans(plan, bundle)
    survey = survey_plain(plain, line.positions, line.source)

    def write_copy(path: Path, blocks: Iterable[Scores], history: str) -> None:
        write_denoised_blocks(plain, path, (scores.denoised for scores in blocks), history)

    return survey, score_line(SegyLine(plan), bundle, survey, spans), write_copy


def _of_volume(plain: Path, line: LargeLine, bundle: Bundle) -> tuple[LineSurvey, Iterator[ScoredBlock], WriteCopy]:
    """Return the same of a volume; each pass decodes every chunk once."""
    with Volume(plain, line.limits, line.source) as volume:
        survey = survey_line(volume.blocks(traces_per_block(volume.samples)))

    def blocks() -> Iterator[ScoredBlock]:
        with Volume(plain, line.limits, line.source) as volume:
            yield from score_line(volume, bundle, survey, line_spans(volume, bundle))

    def write_copy(path: Path, scored: Iterable[Scores], history: str) -> None:
        write_scored_blocks(plain, path, scored, history)

    return survey, blocks(), write_copy


def history_of(label: BundleLabel, bundle: Bundle) -> str:
    """Return the history that goes to the text header of a copy."""
    return f"sondeflow: denoised and scored with {label}; threshold {bundle.threshold:.6g}"


def survey_plain(plain: Path, positions: HeaderPositions | None, source: Source | None = None) -> LineSurvey:
    """Measure a plain SEG-Y file block by block; it is hashed if its source is not given."""
    traces = traces_per_block(plan_segy(plain, positions, source).layout.samples)
    return survey_line(read_segy_blocks(plain, traces=traces, positions=positions, source=source))


def _written(
    blocks: Iterator[ScoredBlock], writer: pq.ParquetWriter, source: Source, totals: LineTotals
) -> Iterator[Scores]:
    """Write the rows of each block and yield its scores."""
    for block in blocks:
        recording = dataclasses.replace(block.recording, source=source)
        writer.write_table(score_table(recording, block.scores))
        totals.add(block)
        yield block.scores


def report_of(totals: LineTotals, survey: LineSurvey, label: BundleLabel, source: Source) -> str:
    """Return the HTML report of a line, which shows the block of `totals.shown`, with a note."""
    (block,) = totals.shown
    first, last = block.recording.names[0], block.recording.names[-1]
    name = f"{content_stem(source.path)}, {first} to {last}"
    note = partly_shown_finding(block, flagged=totals.flagged, traces=totals.rows)
    recording = dataclasses.replace(block.recording, source=source, name=name)
    findings = (note, *survey.findings)
    return render_report(recording, block.scores, bundle_label=str(label), findings=findings, card=label.card)
