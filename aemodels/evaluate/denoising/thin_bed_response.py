"""Response to bed boundaries, thin beds and narrow events: the share of a planted amplitude that is retained."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.evaluate.denoising.compare import condition_rng
from aemodels.noise import Gaussian, corrupt_section

THICKNESSES = (2, 4, 8)  # samples of a bed, or traces of an event
AMPLITUDE = {"logs": 0.3, "seismic": 2.0}  # of the percentile range; of the median trace's rms
NOISE = {"logs": 0.1, "seismic": 1.0}
_SPACING, _EDGE = 96, 2  # samples between beds, and on each side of a step that its height is measured on


@dataclass(frozen=True, eq=False)
class PlantedEvent:
    """One planted bed, boundary or reflection event on one channel.

    Args:
        kind: "step", "2 samples", "4 traces" and so on.
        channel: its row.
        start: first sample of the probe.
        probe: float64[sample]; its product with the response is the share of the amplitude that is retained.
    """

    kind: str
    channel: int
    start: int
    probe: NDArray[np.float64]

    def amplitude_retained(self, response: FloatArray) -> float:
        """Return the share of the planted amplitude in a response float32[channel, sample]; 1 = all of it."""
        return float(response[self.channel, self.start : self.start + self.probe.size] @ self.probe)


def thin_bed_table(
    denoisers: Mapping[str, Denoiser], sections: Sequence[Section], *, kind: Kind, seed: int
) -> pd.DataFrame:
    """Measure the amplitude retained of beds or events planted into recorded sections, clean and noisy.

    The response is the difference between the denoised section with and without them, so that the background, whose
    truth is unknown, cancels.

    Args:
        denoisers: fitted, by contender name.
        sections: hold-out sections as recorded.
        kind: logs: steps and beds in all curves at the same depth; seismic: Ricker events a few traces wide.
        seed: of the noise.

    Returns:
        One row per contender, noise level and kind of event: contender, noise (standard deviation, normalised units),
        event, amplitude_retained (mean; 1 = all of it), spread (standard deviation over events), events.
    """
    plant = plant_beds if kind == "logs" else plant_events
    retained: dict[tuple[str, float, str], list[float]] = {}
    for section in sections:
        added, events = plant(section)
        for noise in (0.0, NOISE[kind]):
            noises = [Gaussian(factor=noise)] if noise else []
            without = corrupt_section(noises, section, condition_rng(seed, section.name, f"beds {noise}"))
            with_events = without.with_values(without.values + added)
            for contender, denoiser in denoisers.items():
                response = denoiser.denoise(with_events) - denoiser.denoise(without)
                for event in events:
                    share = event.amplitude_retained(response)
                    retained.setdefault((contender, noise, event.kind), []).append(share)
    rows = [(*key, np.mean(shares), np.std(shares), len(shares)) for key, shares in retained.items()]
    return pd.DataFrame(rows, columns=["contender", "noise", "event", "amplitude_retained", "spread", "events"])


def plant_beds(section: Section) -> tuple[FloatArray, list[PlantedEvent]]:
    """Plant thin beds, and steps up and down again, in all curves at once; signs alternate between curves and rounds.

    Returns:
        float32[channel, sample] to be added, and the beds and steps in it around which the curve is observed.
    """
    amplitude = AMPLITUDE["logs"]
    added = np.zeros_like(section.values)
    beds = []
    blocks = section.values.shape[1] // _SPACING
    for block in range(blocks - 1):
        start, turn = block * _SPACING + _SPACING // 2, block % 5
        for channel in range(len(added)):
            height = amplitude * (-1) ** (channel + block // 5)
            if turn < len(THICKNESSES):
                samples = THICKNESSES[turn]
                added[channel, start : start + samples] += height
                bed = PlantedEvent(f"{samples} samples", channel, start, np.full(samples, 1 / (samples * height)))
            elif turn == len(THICKNESSES) and block + 2 < blocks:
                added[channel, start : start + _SPACING] += height
                bed = _step(channel, start, height)
            elif turn > len(THICKNESSES) and block:
                bed = _step(channel, start, -height)
            else:
                continue
            if section.mask[channel, start - 16 : start + 24].all():
                beds.append(bed)
    return added, beds


def _step(channel: int, start: int, height: float) -> PlantedEvent:
    probe = np.repeat([-1.0, 1.0], _EDGE) / (_EDGE * height)
    return PlantedEvent("step", channel, start - _EDGE, probe)


def plant_events(section: Section) -> tuple[FloatArray, list[PlantedEvent]]:
    """Plant Ricker wavelets (peak frequency a tenth of the sampling frequency), a few traces wide or on all traces.

    Returns:
        float32[trace, sample] to be added, and the events in it, one per trace.
    """
    wavelet = AMPLITUDE["seismic"] * _ricker(0.1, 10)
    probe = wavelet / (wavelet @ wavelet)
    added = np.zeros_like(section.values)
    traces, samples = added.shape
    events = []
    for turn, start in enumerate(range(8, samples - wavelet.size, 32)):
        patches = [("all traces", 0, traces)] if turn % 2 else list(_patches(traces))
        for name, first, width in patches:
            for channel in range(first, first + width):
                added[channel, start : start + wavelet.size] += wavelet
                events.append(PlantedEvent(name, channel, start, probe))
    return added, events


def _patches(traces: int) -> Iterator[tuple[str, int, int]]:
    """Yield name, first trace and width of events side by side, each followed by as many empty traces as it is wide."""
    first = 1
    for width in itertools.cycle(THICKNESSES):
        if first + width >= traces:
            return
        yield f"{width} traces", first, width
        first += 2 * width


def _ricker(frequency: float, half: int) -> NDArray[np.float64]:
    argument = (np.pi * frequency * np.arange(-half, half + 1)) ** 2
    return np.asarray((1 - 2 * argument) * np.exp(-argument))
