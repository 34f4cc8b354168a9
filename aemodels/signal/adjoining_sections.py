"""Sections of one line that adjoin: judged one by one, but denoised and searched as the one panel that they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import FloatArray, LineRange, Recording, Section
from aemodels.signal.normalise import Normaliser, TraceNormaliser, line_amplitude, trace_rms


def normalise_adjoining(normaliser: Normaliser, recordings: Sequence[Recording]) -> tuple[Section, ...]:
    """Normalised recordings; line sections that adjoin share one amplitude, as on the line that they were cut from.

    Args:
        normaliser: fitted.
        recordings: wells, or line sections in the order of their traces.
    """
    if not isinstance(normaliser, TraceNormaliser):
        return tuple(normaliser.apply(recording) for recording in recordings)
    sections: list[Section] = []
    for run in _runs([recording.line_range for recording in recordings]):
        rms = np.concatenate([trace_rms(np.nan_to_num(recordings[place].values)) for place in run])
        shared = dataclasses.replace(normaliser, amplitude=normaliser.amplitude or line_amplitude(rms))
        sections += [shared.apply(recordings[place]) for place in run]
    return tuple(sections)


def join_adjoining(sections: Sequence[Section]) -> Iterator[tuple[Section, list[slice]]]:
    """Panels of the sections that adjoin, and the rows of each section in its panel; in order.

    A well, or a section that nothing adjoins, is handed on as it is.
    """
    for run in _runs([section.line_range for section in sections]):
        members = [sections[place] for place in run]
        stops = np.cumsum([len(member.values) for member in members]).tolist()
        rows = [slice(stop - len(member.values), stop) for stop, member in zip(stops, members, strict=True)]
        yield (members[0] if len(members) == 1 else _panel(members)), rows


def denoise_adjoining(denoiser: Denoiser, sections: Sequence[Section]) -> list[FloatArray]:
    """The estimate of each section, float32[channel, sample], made with its neighbours beside it."""
    estimates: list[FloatArray] = []
    for panel, rows in join_adjoining(sections):
        whole = denoiser.denoise(panel)
        estimates += [whole[place] for place in rows]
    return estimates


def _runs(parts: Sequence[LineRange | None]) -> Iterator[list[int]]:
    """Places of parts of which each begins where the one before it ends."""
    run: list[int] = []
    for place, line_range in enumerate(parts):
        before = parts[place - 1] if place else None
        if run and (
            line_range is None or before is None or (line_range.line, line_range.first) != (before.line, before.stop)
        ):
            yield run
            run = []
        run.append(place)
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
