"""Noise2Self estimate of the gain on recorded data, without a clean truth: masked samples predicted from the others."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, Section
from aemodels.signal.adjoining_sections import denoise_adjoining
from aemodels.signal.gaps import fill_lost
from aemodels.signal.noise_estimate import noise_sigma

PERIOD = 10  # every tenth sample of a curve is masked, so that each keeps its neighbours


def mask_samples(section: Section, rng: np.random.Generator, *, period: int = PERIOD) -> tuple[Section, BoolArray]:
    """Mask every `period`-th sample of each channel and interpolate it linearly.

    The first masked sample is drawn per channel. The denoised value of a masked sample cannot depend on the value
    recorded there.

    Returns:
        The masked section, and bool[channel, sample], the masked samples.
    """
    first = rng.integers(0, period, (len(section.values), 1))
    lost = ((np.arange(section.values.shape[1]) - first) % period == 0) & section.mask
    mask = section.mask & ~lost
    return dataclasses.replace(section, values=fill_lost(section.values, mask, "linear"), mask=mask, noise=None), lost


def noise2self_table(
    denoisers: Mapping[str, Denoiser], sections: Sequence[Section], *, channels: Sequence[str], seed: int
) -> pd.DataFrame:
    """Estimate the gain on the recordings themselves.

    With white noise of variance v, the squared difference between a sample and its prediction from other samples is
    e + v on average, where e is the mean squared error of the prediction (Batson & Royer 2019, ICML, "Noise2Self"). v
    is estimated from the recording (`noise_sigma`). Combining prediction and sample by inverse variance leaves the
    error e v / (e + v): a gain of 1 + v / e (Laine et al. 2019, NeurIPS). Noise that neighbouring samples share counts
    as signal, so the estimate is not a bound.

    Args:
        denoisers: fitted, by contender name.
        sections: hold-out sections as recorded.
        channels: names of the channels to report individually; empty for the pooled row alone.
        seed: of the masked positions.

    Returns:
        One row per contender, section and channel ("all" = pooled): contender, section, channel, noise_sigma, self_loss
        (mean squared difference at masked samples), gain_db.
    """
    rows = []
    masked = [mask_samples(one, np.random.default_rng([seed, zlib.crc32(one.name.encode())])) for one in sections]
    denoised = {name: denoise_adjoining(one, [hidden for hidden, _ in masked]) for name, one in denoisers.items()}
    for index, section in enumerate(sections):
        lost = masked[index][1]
        power = noise_sigma(section.values, section.mask).astype(np.float64) ** 2
        noise = np.broadcast_to(power, lost.shape)
        groups = {"all": slice(None), **{name: slice(row, row + 1) for row, name in enumerate(channels)}}
        for contender, estimates in denoised.items():
            square = (estimates[index].astype(np.float64) - section.values) ** 2
            for channel, members in groups.items():
                used = lost[members]
                if used.any():
                    loss, floor = float(square[members][used].mean()), float(noise[members][used].mean())
                    rows.append(
                        (contender, section.name, channel, np.sqrt(floor), loss, noise2self_gain_db(loss, floor))
                    )
    return pd.DataFrame(rows, columns=["contender", "section", "channel", "noise_sigma", "self_loss", "gain_db"])


def noise2self_gain_db(self_loss: float, noise_power: float) -> float:
    """Return 10 log10(1 + v / e) with e = self_loss - v; NaN if the loss is below v, whose estimate is then too high.

    >>> round(noise2self_gain_db(2.0, 1.0), 3)
    3.01
    """
    error = self_loss - noise_power
    return float(10 * np.log10(1 + noise_power / error)) if error > 0 else float("nan")


def summarise_noise2self(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise the pooled rows by medians over sections, best first: contender, gain_db, self_loss, sections."""
    pooled = table[table["channel"] == "all"]
    summary = pooled.groupby("contender", sort=False).agg(
        gain_db=("gain_db", "median"), self_loss=("self_loss", "median"), sections=("section", "nunique")
    )
    return summary.reset_index().sort_values("self_loss", kind="stable").reset_index(drop=True)
