"""Comparing denoisers and detectors on sections that none of them has seen."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error
from aemodels.noise import NoiseSpec, corrupt_section
from aemodels.signal.adjoining_sections import join_adjoining


def condition_rng(seed: int, section: str, condition: str) -> np.random.Generator:
    """The same noise for every contender: a generator that depends on seed, section and condition alone."""
    return np.random.default_rng([seed, zlib.crc32(section.encode()), zlib.crc32(condition.encode())])


def denoising_table(
    denoisers: Mapping[str, Denoiser],
    sections: Sequence[Section],
    conditions: Mapping[str, Sequence[NoiseSpec]],
    *,
    channels: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Errors and gains of every denoiser on every section.

    Line sections that adjoin are one panel with one noise, as on the line that they were cut from, and judged apart.

    Args:
        denoisers: fitted, by contender name.
        sections: clean hold-out sections; what was recorded counts as the truth.
        conditions: noise by condition name.
        channels: names of the channels to report one by one, empty for the pooled row alone (traces).
        seed: of the noise.

    Returns:
        One row a contender, condition, section and channel ("all" = pooled): contender, condition, section,
        channel, mse_noisy, mse_denoised, gain_db (normalised units). Where a condition takes samples out, the error is
        that at the lost samples, and "noisy" is linear interpolation across them; elsewhere it is that at all observed
        samples.
    """
    rows = []
    for condition, noises in conditions.items():
        for noisy, parts in noisy_panels(sections, noises, condition, seed=seed):
            for name, denoiser in denoisers.items():
                found = _compared(parts, noisy, denoiser.denoise(noisy), channels)
                rows += [(name, condition, *row, gain_db(*row[2:])) for row in found]
    columns = ["contender", "condition", "section", "channel", "mse_noisy", "mse_denoised", "gain_db"]
    return pd.DataFrame(rows, columns=columns)


def noisy_panels(
    sections: Sequence[Section], noises: Sequence[NoiseSpec], condition: str, *, seed: int
) -> Iterator[tuple[Section, list[tuple[Section, slice]]]]:
    """Panels with a condition's noise, and the clean sections in each with their rows in it (see `join_adjoining`)."""
    left = iter(sections)
    for panel, places in join_adjoining(sections):
        noisy = corrupt_section(noises, panel, condition_rng(seed, panel.name, condition))
        yield noisy, [(next(left), place) for place in places]


def _compared(
    parts: Sequence[tuple[Section, slice]], noisy: Section, estimate: FloatArray, channels: Sequence[str]
) -> Iterator[tuple[str, str, float, float]]:
    """Section, channel and both errors of every clean section, which lies in the panel where its slice says."""
    for section, place in parts:
        errors = _errors(section, noisy.values[place], noisy.mask[place], estimate[place], channels)
        for channel, before, after in errors:
            yield section.name, channel, before, after


def _errors(
    clean: Section, noisy: FloatArray, seen: BoolArray, estimate: FloatArray, channels: Sequence[str]
) -> Iterator[tuple[str, float, float]]:
    lost = clean.mask & ~seen
    scored = lost if lost.any() else clean.mask
    groups = [("all", slice(None))] + [(channel, slice(row, row + 1)) for row, channel in enumerate(channels)]
    for name, rows in groups:
        truth, mask = clean.values[rows], scored[rows]
        if mask.any():
            before = mean_squared_error(noisy[rows], truth, mask)
            yield name, before, mean_squared_error(estimate[rows], truth, mask)


def summarise_denoising(table: pd.DataFrame, *, channel: str = "all") -> pd.DataFrame:
    """Median and spread over sections, best first: contender, condition, median_db, q25_db, q75_db, min_db, sections,
    noise_reduction_pct (median over sections of the share of the noise's power taken away)."""
    rows = table[table["channel"] == channel]
    rows = rows.assign(reduction=100 * (1 - rows["mse_denoised"] / rows["mse_noisy"]))
    summary = (
        rows.groupby(["condition", "contender"], sort=False)
        .agg(
            median_db=("gain_db", "median"),
            q25_db=("gain_db", lambda gain: gain.quantile(0.25)),
            q75_db=("gain_db", lambda gain: gain.quantile(0.75)),
            min_db=("gain_db", "min"),
            sections=("section", "nunique"),
            noise_reduction_pct=("reduction", "median"),
        )
        .reset_index()
    )
    return summary.sort_values(["condition", "median_db"], ascending=[True, False], kind="stable").reset_index(
        drop=True
    )
