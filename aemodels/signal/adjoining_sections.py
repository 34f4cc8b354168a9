"""Adjoining sections of one line: evaluated one by one, but denoised and scored as one panel."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import FloatArray, LineRange, Recording, Section
from aemodels.signal.bad_hole import with_bad_hole
from aemodels.signal.normalise import Normaliser, TraceNormaliser, line_amplitude, trace_rms


def normalise_adjoining(normaliser: Normaliser, recordings: Sequence[Recording]) -> tuple[Section, ...]:
    """Normalise recordings; adjoining line sections share one amplitude, as on their line.

    Sections of wells carry their bad hole, which scoring has no use for.

    Args:
        normaliser: the fitted normaliser.
        recordings: wells, or line sections in the order of their traces.
    """
    if not isinstance(normaliser, TraceNormaliser):
        return tuple(with_bad_hole(normaliser.apply(recording), recording) for recording in recordings)
    sections: list[Section] = []
    for run in _runs([recording.line_range for recording in recordings]):
        rms = np.concatenate([trace_rms(np.nan_to_num(recordings[index].values)) for index in run])
        shared = dataclasses.replace(normaliser, amplitude=normaliser.amplitude or line_amplitude(rms))
        sections += [shared.apply(recordings[index]) for index in run]
    return tuple(sections)


def join_adjoining(sections: Sequence[Section]) -> Iterator[tuple[Section, list[slice]]]:
    """Yield panels of adjoining sections, and the rows of each section in its panel, in order.

    A well, or a section without adjoining ones, is yielded unchanged.
    """
    for run in _runs([section.line_range for section in sections]):
        members = [sections[index] for index in run]
        stops = np.cumsum([len(member.values) for member in members]).tolist()
        rows = [slice(stop - len(member.values), stop) for stop, member in zip(stops, members, strict=True)]
        yield (members[0] if len(members) == 1 else _panel(members)), rows


def denoise_adjoining(denoiser: Denoiser, sections: Sequence[Section]) -> list[FloatArray]:
    """Denoise sections with their adjoining ones: float32[channel, sample] per section."""
    estimates: list[FloatArray] = []
    for panel, rows in join_adjoining(sections):
        whole = denoiser.denoise(panel)
        estimates += [whole[section_rows] for section_rows in rows]
    return estimates


def _runs(ranges: Sequence[LineRange | None]) -> Iterator[list[int]]:
    """Yield runs of indices whose ranges each begin where the preceding one ends."""
    run: list[int] = []
    for index, line_range in enumerate(ranges):
        before = ranges[index - 1] if index else None
        if run and (
            line_range is None or before is None or (line_range.line, line_range.first) != (before.line, before.stop)
        ):
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _panel(members: Sequence[Section]) -> Section:
    first, last = members[0].line_range, members[-1].line_range
    line_range = LineRange(first.line, first.first, last.stop) if first and last else None
    return dataclasses.replace(
        members[0],
        values=np.concatenate([member.values for member in members]),
        mask=np.concatenate([member.mask for member in members]),
        scale=np.concatenate([member.scale for member in members]),
        line_range=line_range,
    )
