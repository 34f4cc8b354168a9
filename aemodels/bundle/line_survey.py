"""Survey of a line larger than memory: what of all its traces must be known before a block of it can be scored."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, GatherKind, LineNoise, Recording
from aemodels.signal.gather_type import gather_type
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.normalise import line_amplitude, trace_rms
from aemodels.signal.quality_rules import typical_peak


@dataclass(frozen=True)
class LineSurvey:
    """Measurements of a whole line that are needed before a block of it can be scored.

    Args:
        traces: number of traces in the line.
        samples: samples per trace.
        amplitude: median rms of the live traces.
        peak: median peak of the live traces; infinite if there are too few of them.
        noise: estimate of the noise, in the line's units.
        gather: gather type of most traces.
        findings: findings of the reader; one that occurs in several blocks is listed once.
    """

    traces: int
    samples: int
    amplitude: float
    peak: float
    noise: LineNoise
    gather: GatherKind
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class PartMeasures:
    """Measurements of neighbouring blocks of a line, from which its survey is made.

    Args:
        samples: samples per trace.
        rms: float[trace].
        peaks: float[trace], the largest absolute value.
        sigmas: float64[trace], estimate of the noise.
        live: bool[trace], False if a trace has no sample.
        gathers: number of traces by gather type of their block.
        findings: of the reader, by block.
    """

    samples: int
    rms: NDArray[np.floating]
    peaks: NDArray[np.floating]
    sigmas: NDArray[np.float64]
    live: BoolArray
    gathers: Mapping[GatherKind, int]
    findings: tuple[Finding, ...]


def measure_blocks(blocks: Iterable[Recording]) -> PartMeasures:
    """Measure a part of a line block by block, with a few numbers per trace in memory.

    Args:
        blocks: at least one.
    """
    rms, peaks, sigmas, live = [], [], [], []
    gathers: Counter[GatherKind] = Counter()
    findings: list[Finding] = []
    samples = 0
    for block in blocks:
        observed = np.isfinite(block.values)
        filled = np.where(observed, block.values, np.float32(0.0))
        rms.append(trace_rms(filled))
        peaks.append(np.abs(filled).max(axis=1))
        sigmas.append(noise_sigma(filled, observed)[:, 0].astype(np.float64))
        live.append(observed.any(axis=1))
        gathers[gather_type(block).kind] += len(block.channels)
        findings += block.findings
        samples = block.axis.size
    return PartMeasures(
        samples=samples,
        rms=np.concatenate(rms),
        peaks=np.concatenate(peaks),
        sigmas=np.concatenate(sigmas),
        live=np.concatenate(live),
        gathers=gathers,
        findings=tuple(findings),
    )


def survey_of_parts(parts: Sequence[PartMeasures], at_end: Iterable[Finding] = ()) -> LineSurvey:
    """Return the survey of a line: the same, however it was divided into parts.

    Args:
        parts: of all its blocks, in order, at least one.
        at_end: findings of the reader that depend on all traces.
    """
    sigma = np.concatenate([part.sigmas for part in parts])
    observed = np.concatenate([part.live for part in parts])
    gathers: Counter[GatherKind] = Counter()
    for part in parts:
        gathers.update(part.gathers)
    power = float(np.mean(sigma[observed] ** 2)) if observed.any() else 0.0
    return LineSurvey(
        traces=sigma.size,
        samples=parts[-1].samples,
        amplitude=line_amplitude(np.concatenate([part.rms for part in parts])),
        peak=typical_peak(np.concatenate([part.peaks for part in parts])),
        noise=LineNoise(float(np.median(sigma)), power),
        gather=gathers.most_common(1)[0][0],
        findings=merge_findings([*(finding for part in parts for finding in part.findings), *at_end]),
    )


def survey_line(blocks: Iterable[Recording]) -> LineSurvey:
    """Measure a whole line block by block, with a few numbers per trace in memory.

    Args:
        blocks: from `read_segy_blocks`, at least one.
    """
    return survey_of_parts([measure_blocks(blocks)])


def merge_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the first finding of each code, with the number of further blocks that have it."""
    findings = list(findings)
    counts = Counter(finding.code for finding in findings)
    first = {finding.code: finding for finding in reversed(findings)}
    merged = [first[code] for code in counts]
    return tuple(
        finding
        if counts[finding.code] == 1 or not finding.where.startswith("trace ")
        else dataclasses.replace(finding, where=f"{finding.where}, and {counts[finding.code] - 1} more blocks")
        for finding in merged
    )
