"""Comparison of denoisers on hold-out sections with added noise."""

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
    """Return a generator that depends on seed, section and condition alone: the same noise for every contender."""
    return np.random.default_rng([seed, zlib.crc32(section.encode()), zlib.crc32(condition.encode())])


def denoising_table(
    denoisers: Mapping[str, Denoiser],
    sections: Sequence[Section],
    conditions: Mapping[str, Sequence[NoiseSpec]],
    *,
    channels: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Compute error and gain of every denoiser on every section.

    Adjoining line sections are denoised as one panel with one noise, as on the line that they were cut from, and
    evaluated separately.

    Args:
        denoisers: fitted, by contender name.
        sections: clean hold-out sections; the recorded values are taken as the truth.
        conditions: noise by condition name.
        channels: names of the channels to report individually; empty for the pooled row alone (traces).
        seed: of the noise.

    Returns:
        One row per contender, condition, section and channel ("all" = pooled): contender, condition, section,
        channel, mse_noisy, mse_denoised, gain_db (normalised units). If a condition removes samples, the errors are
        those at the lost samples, and "noisy" is linear interpolation across them; otherwise they are those at all
        observed samples.
    """
    rows = []
    for condition, noises in conditions.items():
        for noisy, members in noisy_panels(sections, noises, condition, seed=seed):
            for name, denoiser in denoisers.items():
                errors = _section_errors(members, noisy, denoiser.denoise(noisy), channels)
                rows += [(name, condition, *row, gain_db(*row[2:])) for row in errors]
    columns = ["contender", "condition", "section", "channel", "mse_noisy", "mse_denoised", "gain_db"]
    return pd.DataFrame(rows, columns=columns)


def noisy_panels(
    sections: Sequence[Section], noises: Sequence[NoiseSpec], condition: str, *, seed: int
) -> Iterator[tuple[Section, list[tuple[Section, slice]]]]:
    """Yield panels with the noise of a condition, each with its clean sections and their rows in the panel."""
    remaining = iter(sections)
    for panel, row_ranges in join_adjoining(sections):
        noisy = corrupt_section(noises, panel, condition_rng(seed, panel.name, condition))
        yield noisy, [(next(remaining), rows) for rows in row_ranges]


def _section_errors(
    members: Sequence[tuple[Section, slice]], noisy: Section, estimate: FloatArray, channels: Sequence[str]
) -> Iterator[tuple[str, str, float, float]]:
    """Yield section, channel, noisy and denoised error of every clean section; the slice is its rows in the panel."""
    for section, rows in members:
        errors = _errors(section, noisy.values[rows], noisy.mask[rows], estimate[rows], channels)
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
    """Summarise the gains over sections, best contender first.

    Returns:
        One row per condition and contender: condition, contender, median_db, q25_db, q75_db, min_db, sections,
        noise_reduction_pct (median over sections of the share of the noise power removed).
    """
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
