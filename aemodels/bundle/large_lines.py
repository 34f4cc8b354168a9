"""Lines larger than memory: surveyed, checked and scored block by block, with the same results as in one piece."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.line_sources import Line, SegyLine
from aemodels.bundle.line_survey import LineSurvey, survey_line
from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, Recording, Scores
from aemodels.denoisers.training.architecture import Reach
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.segy.read_plan import SegyPlan, plan_segy
from aemodels.io.segy.reader import read_segy_blocks
from aemodels.signal.normalise import TraceNormaliser
from aemodels.signal.quality_rules import assess, trace_findings
from aemodels.signal.windows import WindowSpec

BLOCK_SAMPLES = 1_500_000  # 6 MB as float32: peak memory stays below 1.5 GB; fewer would spend more on the margins
# Filters that process each trace by itself. Others without windows work on panels: no filter reaches further than
# PANEL_REACH traces, and those that work in tiles (powers of two, half windows) start them at multiples of PANEL_STEP.
ALONG_TRACES = frozenset({"gaussian_filter", "median", "savgol", "wavelet"})
PANEL_STEP, PANEL_REACH = 80, 160
RANGE_GAP = 64  # traces; wider than any window


@dataclass(frozen=True, eq=False)
class ScoredBlock:
    """Neighbouring traces of a line, numbered as in the file, with their scores."""

    recording: Recording
    scores: Scores


def traces_per_block(samples: int) -> int:
    """Return the number of traces in a block of default size, given the samples per trace."""
    return max(1, BLOCK_SAMPLES // samples)


def partly_shown_finding(block: ScoredBlock, *, flagged: int, traces: int) -> Finding:
    """Return the note in a report that shows one block of a line.

    Args:
        block: the block shown.
        flagged: number of anomalous traces in the whole line.
        traces: number of traces in the whole line.
    """
    shown = f"{block.recording.names[0]} to {block.recording.names[-1]}"
    found = f"{flagged} of {traces} traces flagged; shown are {shown}"
    remedy = "the scores of all traces are in the parquet file"
    return Finding("info", "shown-in-part", "file", found, "a line small enough to be shown whole", remedy)


def check_segy_blocks(
    path: Path, *, positions: HeaderPositions | None = None, traces: int | None = None
) -> tuple[LineSurvey, tuple[Finding, ...]]:
    """Read a file and apply the quality rules block by block, in constant memory.

    Args:
        path: a plain SEG-Y file.
        positions: as for `read_segy`.
        traces: traces per block; None = a few megabytes.

    Returns:
        The survey of the line, and the findings of the reader and of the quality rules.

    Raises:
        UnreadableFileError: as for `read_segy`.
    """
    size = traces or traces_per_block(plan_segy(path, positions).layout.samples)
    return check_blocks(lambda: read_segy_blocks(path, traces=size, positions=positions))


def check_blocks(read_blocks: Callable[[], Iterable[Recording]]) -> tuple[LineSurvey, tuple[Finding, ...]]:
    """Apply the quality rules to a line that is read twice, as `check_segy_blocks` does to a file."""
    survey = survey_line(read_blocks())
    flags: dict[str, list[BoolArray]] = {}
    for block in read_blocks():
        for reason, mask in assess(block, line_peak=survey.peak).flags.items():
            flags.setdefault(reason, []).append(mask[:, 0])
    joined = {reason: np.concatenate(masks) for reason, masks in flags.items()}
    return survey, (*survey.findings, *trace_findings(joined))


def read_line_ranges(path: Path, *, traces: int, positions: HeaderPositions | None = None) -> Iterator[Recording]:
    """Read a line as several recordings for training, with traces left out between them.

    Each trace range is split into training and hold-out by itself: without a gap, the hold-out of one range would lie
    beside the training traces of the next.

    Args:
        path: a plain SEG-Y file.
        traces: traces per range, including the gap after it.
        positions: as for `read_segy`.

    Yields:
        Recordings named after the line and their first and last trace, each with a finding that it is part of a line.
    """
    total = plan_segy(path, positions).layout.traces
    for block in read_segy_blocks(path, traces=traces, positions=positions):
        first, last = block.channels[0].headers["trace"], block.channels[-1].headers["trace"]
        gap = RANGE_GAP if last + 1 < total else 0
        rows = slice(0, max(len(block.channels) - gap, 1))
        name = f"{block.name} {first}-{last}"
        remedy = f"read in parts; {RANGE_GAP} traces at the end of each are left out, to keep training and test apart"
        part = Finding("info", "read-in-parts", f"trace {first}", "a line too large to read at once", "a part", remedy)
        yield dataclasses.replace(block.select(rows, name), findings=(*block.findings, part))


def score_segy_blocks(
    path: Path,
    bundle: Bundle,
    *,
    positions: HeaderPositions | None = None,
    traces: int | None = None,
    survey: LineSurvey | None = None,
) -> Iterator[ScoredBlock]:
    """Score a SEG-Y file block by block, in constant memory.

    Blocks are scored with overlap, so that there are no edge effects. Amplitude, noise and typical peak are those of
    the whole line, and blocks start where the bundle's windows start on the whole line: the scores are those of
    `bundle.score(read_segy(path))` within rounding.

    Args:
        path: a plain SEG-Y file.
        bundle: of kind "seismic".
        positions: as for `read_segy`.
        traces: minimum of traces per block (rounded up to the step of the windows); None = a few megabytes.
        survey: from `survey_line` for the same file; None = the line is surveyed first.

    Yields:
        The blocks of the line, in order.

    Raises:
        DataError: if the bundle is of another kind, or has windows that span all traces.
        UnreadableFileError: as for `read_segy`.
    """
    plan = plan_segy(path, positions)
    size = traces or traces_per_block(plan.layout.samples)
    blocks = block_spans(plan, bundle, size)
    survey = survey or survey_line(read_segy_blocks(path, traces=size, positions=positions))
    yield from score_line(SegyLine(plan), bundle, survey, blocks)


def block_spans(plan: SegyPlan, bundle: Bundle, traces: int | None = None) -> list[tuple[int, int]]:
    """Return the blocks in which a line is scored, each as first trace and exclusive end.

    Args:
        plan: read plan of a plain SEG-Y file.
        bundle: of kind "seismic".
        traces: as for `score_segy_blocks`.

    Raises:
        DataError: if the bundle is of another kind, or has windows that span all traces.
    """
    if bundle.kind != "seismic":
        raise DataError(f"{plan.path} is a seismic file; {bundle.name} scores {bundle.kind}")
    return line_spans(SegyLine(plan), bundle, traces)


def line_spans(line: Line, bundle: Bundle, traces: int | None = None) -> list[tuple[int, int]]:
    """Return the blocks in which a line is scored, as `block_spans` does for a file."""
    step, _ = window_grid(bundle)
    size = _multiple(traces or traces_per_block(line.samples), step)
    return [(first, min(first + size, line.traces)) for first in range(0, line.traces, size)]


def score_line(
    line: Line, bundle: Bundle, survey: LineSurvey, blocks: Iterable[tuple[int, int]]
) -> Iterator[ScoredBlock]:
    """Score some blocks of a line, each with the traces beside it that its scores depend on.

    Args:
        line: the line.
        bundle: of kind "seismic".
        survey: of the whole line.
        blocks: from `line_spans`, all or some, whatever other processes score.

    Yields:
        The blocks with their scores, in the given order.
    """
    _, margin = window_grid(bundle)
    scorer = dataclasses.replace(bundle, normaliser=TraceNormaliser(survey.amplitude, survey.noise, survey.gather))
    for first, last in blocks:
        start, stop = max(0, first - margin), min(line.traces, last + margin)
        recording = line.read(start, stop)
        scores = scorer.score(recording, assess(recording, line_peak=survey.peak))
        kept = slice(first - start, last - start)
        yield ScoredBlock(recording.select(kept), _select(scores, kept))


def window_grid(bundle: Bundle) -> tuple[int, int]:
    """Return the grid of blocks on which a bundle's windows and the levels of its networks fall as on the whole line.

    Returns:
        Traces from one possible first trace of a block to the next, and traces that a block needs on each side.

    Raises:
        DataError: if a window spans all traces.
    """
    specs = [*_specs(bundle.denoiser), *_specs(bundle.detector)]
    reaches = [getattr(spec, "reach", None) for spec in specs]
    whole = [reach for reach in reaches if isinstance(reach, Reach) and reach.traces]
    inputs = [getattr(spec, "window", None) for spec, reach in zip(specs, reaches, strict=True) if reach is None]
    windows = [window for window in inputs if isinstance(window, WindowSpec)]
    if any(window.width == 0 for window in windows):
        raise DataError(f"{bundle.name} has windows over all traces of a line (width 0); score the file at once")
    steps = [*(window.width_stride for window in windows), *(reach.step for reach in whole)]
    widths = [*(window.width for window in windows), *(reach.positions for reach in whole)]
    if any(not hasattr(spec, "window") and spec.kind not in ALONG_TRACES for spec in specs):
        steps, widths = [*steps, PANEL_STEP], [*widths, PANEL_REACH]
    step = math.lcm(1, *steps)
    return step, _multiple(max([2, *widths]), step)  # 2: trace attributes use the neighbouring trace


def _specs(part: object) -> Iterator[Any]:
    """Yield the specifications of a fitted denoiser or detector and of all its components."""
    for item in components_of(part):
        if isinstance(item, Spec) and isinstance(getattr(item, "kind", None), str):
            yield item


def components_of(part: object) -> Iterator[object]:
    """Yield a fitted denoiser or detector, its components, and the specifications of all of them."""
    if isinstance(part, Spec):
        yield part
    elif dataclasses.is_dataclass(part):
        yield part
        for item in dataclasses.fields(part):
            yield from components_of(getattr(part, item.name))
    elif isinstance(part, Mapping):
        for item in part.values():
            yield from components_of(item)


def _multiple(size: int, step: int) -> int:
    """Return the size rounded up to a multiple of the step."""
    return -(-size // step) * step


def _select(scores: Scores, rows: slice) -> Scores:
    """Return the scores of a range of traces."""
    return dataclasses.replace(
        scores,
        score=scores.score[rows],
        reason=scores.reason[rows],
        channels=scores.channels[rows],
        raw=scores.raw[rows],
        denoised=scores.denoised[rows],
        channel_score=scores.channel_score[rows],
    )
