"""Generated seismic sections of great variety, for networks that have to know more surveys than there are to train on.

They show no place on earth. Whatever differs from one survey to the next is drawn at random and widely: reflectivity,
dips, folds, faults, unconformities, wavelet, frequency against the sample interval, amplitudes, mutes, coherent and
random noise; stacked lines, and gathers with moveout and ground roll.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates
from scipy.signal import fftconvolve

from aemodels.core.types import Section

Array: TypeAlias = NDArray[np.float64]
HALF_WAVELET = 128  # samples


def varied_sections(
    count: int, seed: int, *, traces: int = 64, samples: int = 256, gathers: float = 0.25
) -> list[Section]:
    """Return `count` generated sections, each of unit rms as normalised lines have.

    Args:
        count: number of sections.
        seed: the same seed and count give the same sections.
        traces: traces of a section.
        samples: samples of a trace.
        gathers: share of sections that are gathers before stack.

    Returns:
        Sections with float32[traces, samples], all observed.
    """
    sections = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        make = _gather if rng.random() < gathers else _stacked
        drawn = _with_noise(make(rng, traces, samples), rng)
        values = (drawn / max(float(np.sqrt(np.mean(drawn**2))), 1e-12)).astype(np.float32)
        observed, scale = np.ones(values.shape, dtype=np.bool_), np.ones(traces, dtype=np.float32)
        sections.append(Section(f"generated {number}", values, observed, scale))
    return sections


def _stacked(rng: np.random.Generator, traces: int, samples: int) -> Array:
    """Draw a stacked section: one or two sequences of layers, folded and faulted, with laterally varying amplitudes."""
    padding = samples // 2 + 2 * traces
    wavelet = _wavelet(rng)
    time = np.broadcast_to(np.arange(samples, dtype=float), (traces, samples))
    values = _sequence(rng, wavelet, time, padding)
    if rng.random() < 0.4:  # an unconformity
        depth = samples * rng.uniform(0.2, 0.8) + _undulation(rng, traces, 0.08 * samples)[:, None]
        values = np.where(time < depth, values, _sequence(rng, wavelet, time, padding))
    values *= np.exp(rng.uniform(0.0, 0.7) * _smooth(rng, values.shape, (rng.uniform(3, 30), rng.uniform(8, 60))))
    if rng.random() < 0.3:
        values += rng.uniform(0.1, 0.5) * values.std() * _diffractions(rng, wavelet, traces, samples)
    return _amplitudes(rng, values)


def _sequence(rng: np.random.Generator, wavelet: Array, time: Array, padding: int) -> Array:
    """Draw layers, their structure, and how they change along the line: float[trace, sample]."""
    traces, samples = time.shape
    ends = [fftconvolve(_reflectivity(rng, samples + 2 * padding), wavelet, mode="same") for _ in range(2)]
    structure = time - _structure(rng, time) + padding
    first, second = (map_coordinates(end, [structure], order=3, mode="reflect") for end in ends)
    share = 0.5 + 0.5 * np.tanh(_smooth(rng, (traces, samples), (rng.uniform(10, 80), rng.uniform(15, 80))))
    share = share * rng.uniform(0.0, 1.0)
    return np.asarray((1 - share) * first + share * second)


def _structure(rng: np.random.Generator, time: Array) -> Array:
    """Draw the displacement of layers in samples: dip, folds that grow with depth, and faults."""
    traces, samples = time.shape
    x = np.arange(traces, dtype=float)[:, None] - traces / 2
    growth = 1 + rng.uniform(-0.5, 1.0) * (time / samples - 0.5)
    shift = (rng.normal(0, 0.5) * x + _undulation(rng, traces, rng.uniform(0, 12))[:, None]) * growth
    shift = shift + rng.uniform(0, 0.5) * _undulation(rng, traces, 1.0, smooth=1.5)[:, None]  # statics left over
    for _ in range(rng.integers(0, 4)):
        plane = rng.uniform(-traces / 2, traces / 2) + rng.normal(0, 0.3) * (time - samples / 2) * rng.random()
        throw = rng.normal(0, 8) * (0.5 + time / samples)
        shift = shift + throw / (1 + np.exp(-np.clip((x - plane) / rng.uniform(0.1, 1.0), -50, 50)))
    return np.asarray(shift)


@dataclass(frozen=True, eq=False)
class _Spread:
    """Receivers of a gather.

    Args:
        offset: signed, as a share of the farthest one's, float64[trace, 1].
        start: first arrival at offset 0, samples.
        far: its delay at the farthest receiver, samples.
    """

    offset: Array
    start: float
    far: float

    @property
    def first(self) -> Array:
        """Sample of the first arrival, float64[trace, 1]."""
        return np.asarray(self.start + self.far * np.abs(self.offset))

    def decay(self, rate: float) -> Array:
        """Return amplitudes that decrease with offset, float64[trace, 1]."""
        return np.asarray(np.exp(-rate * np.abs(self.offset)))


def _gather(rng: np.random.Generator, traces: int, samples: int) -> Array:
    """Draw a gather: reflections with moveout; at times first arrivals, ground roll, and a mute above them."""
    wavelet, time = _wavelet(rng), np.arange(samples, dtype=float)[None, :]
    offset = np.linspace(rng.uniform(-1.0, 0.1), 1.0, traces)[:, None]
    spread = _Spread(offset, samples * rng.uniform(0.02, 0.3), samples * rng.uniform(0.15, 1.5))
    values = _reflections(rng, spread, wavelet, time)
    scale = values.std() + 1e-6
    if rng.random() < 0.6:
        strength = scale * rng.uniform(0.5, 4) * spread.decay(rng.uniform(0, 3))
        values += strength * _arrival(wavelet, time - spread.first)
    if rng.random() < 0.4:
        values += scale * _ground_roll(rng, spread, wavelet, time)
    if rng.random() < 0.6:
        values *= time > spread.first - rng.uniform(0, 10)
    return _amplitudes(rng, values)


def _reflections(rng: np.random.Generator, spread: _Spread, wavelet: Array, time: Array) -> Array:
    """Draw layers with moveout t^2 = t0^2 + (x/v)^2, the velocity v growing with time, and statics."""
    traces, samples = spread.offset.size, time.size
    delay = spread.far / (1 + rng.uniform(0.5, 3.0) * time / samples) * spread.offset
    statics = _undulation(rng, traces, rng.uniform(0, 0.7), smooth=1.0)[:, None]
    zero_offset_time = np.sqrt(np.maximum(time**2 - delay**2, 0.0)) + statics
    padding = samples // 4
    layers = fftconvolve(_reflectivity(rng, samples + 2 * padding), wavelet, mode="same")
    values = map_coordinates(layers, [zero_offset_time + padding], order=3, mode="reflect")
    return np.asarray(values * spread.decay(rng.uniform(0, 2)) * (time > spread.first))


def _ground_roll(rng: np.random.Generator, spread: _Spread, wavelet: Array, time: Array) -> Array:
    """Draw slow waves of half the frequency."""
    slow = np.interp(np.arange(2 * len(wavelet)), 2.0 * np.arange(len(wavelet)), wavelet)
    waves = [
        rng.uniform(0.5, 3)
        * _arrival(slow, time - spread.start - (spread.first - spread.start) * rng.uniform(1.5, 4.0))
        for _ in range(rng.integers(1, 5))
    ]
    return np.asarray(np.sum(waves, axis=0))


def _arrival(wavelet: Array, late: Array) -> Array:
    """Return a wavelet at samples `late` after its centre, zero beyond its ends."""
    centre = len(wavelet) / 2
    return np.asarray(np.interp(late + centre, np.arange(len(wavelet)), wavelet, left=0.0, right=0.0))


def _diffractions(rng: np.random.Generator, wavelet: Array, traces: int, samples: int) -> Array:
    """Draw hyperbolas of unit rms, each strongest near its apex."""
    time, x = np.arange(samples, dtype=float)[None, :], np.arange(traces, dtype=float)[:, None]
    total = np.zeros((traces, samples))
    for _ in range(rng.integers(1, 8)):
        apex, top = rng.uniform(0, traces), rng.uniform(0, samples)
        slope = rng.uniform(0.5, 4.0)
        late = np.sqrt(top**2 + (slope * (x - apex)) ** 2)
        total += rng.normal() * _arrival(wavelet, time - late) * np.exp(-(((x - apex) / rng.uniform(5, 40)) ** 2))
    return np.asarray(total / max(float(total.std()), 1e-9))


def _reflectivity(rng: np.random.Generator, samples: int) -> Array:
    """Draw reflection coefficients, from a few strong ones to a dense series of equal ones."""
    dense = rng.standard_normal(samples)
    spiky = np.sign(dense) * np.abs(dense) ** rng.uniform(1.0, 4.0)
    spiky *= rng.random(samples) < rng.uniform(0.05, 1.0)
    spiky[1:] -= rng.uniform(0.0, 0.9) * spiky[:-1]  # blue, as impedances give
    return np.asarray(spiky * np.exp(rng.uniform(0, 1.2) * _undulation(rng, samples, 1.0, smooth=20)))


def _wavelet(rng: np.random.Generator) -> Array:
    """Draw a wavelet: a band of 0.8 to 3 octaves about a centre of 0.02 to 0.25 cycles per sample, of any phase."""
    amplitude = _amplitude_spectrum(rng)
    if rng.random() < 0.3:
        wave = np.fft.irfft(_minimum_phase(amplitude))
    else:
        phase = np.full(amplitude.shape, rng.uniform(-np.pi, np.pi) if rng.random() < 0.5 else 0.0)
        phase[0] = 0.0
        wave = np.fft.irfft(amplitude * np.exp(1j * phase))
    return np.asarray(np.roll(wave, HALF_WAVELET) / np.sqrt(np.sum(wave**2)))


def _amplitude_spectrum(rng: np.random.Generator) -> Array:
    """Draw a band with flanks of random steepness, float64[frequency]."""
    centre = np.exp(rng.uniform(np.log(0.02), np.log(0.25)))
    octaves = rng.uniform(0.8, 3.0)
    low, high = centre * 2 ** (-octaves / 2), min(centre * 2 ** (octaves / 2), 0.48)
    frequency = np.maximum(np.fft.rfftfreq(2 * HALF_WAVELET), 1e-6)
    up = 1 / (1 + (low / frequency) ** rng.uniform(3, 10))
    down = 1 / (1 + (frequency / high) ** rng.uniform(4, 16))
    return np.asarray(up * down * frequency ** rng.uniform(-0.5, 0.5))


def _minimum_phase(amplitude: Array) -> NDArray[np.complex128]:
    """Return the spectrum of minimum phase, by folding the cepstrum (Oppenheim & Schafer 1975, chapter 10)."""
    cepstrum = np.fft.irfft(np.log(np.maximum(amplitude, 1e-4 * amplitude.max())))
    half = cepstrum.size // 2
    cepstrum[1:half] *= 2
    cepstrum[half + 1 :] = 0
    return np.asarray(np.exp(np.fft.rfft(cepstrum)))


def _amplitudes(rng: np.random.Generator, values: Array) -> Array:
    """Draw gain along the trace, equalisation, scatter between traces, and a mute at the top."""
    traces, samples = values.shape
    time = np.arange(samples) / samples
    if rng.random() < 0.4:  # automatic gain control
        window = rng.uniform(0.1, 0.5) * samples
        level = np.sqrt(gaussian_filter1d(values**2, window, axis=1)) + 1e-3 * values.std() + 1e-12
        values = values / level
    else:
        values = values * np.exp(rng.uniform(-3.0, 1.5) * time)
    values = values * np.exp(rng.uniform(0, 0.25) * rng.standard_normal((traces, 1)))
    if rng.random() < 0.25:
        top = samples * rng.uniform(0.0, 0.4) + _undulation(rng, traces, 5.0)[:, None]
        values = values * (np.arange(samples)[None, :] > top)
    return np.asarray(values)


def _with_noise(values: Array, rng: np.random.Generator) -> Array:
    """Add what recorded lines keep after processing: noise in the band of the signal, and dipping streaks."""
    level = 10 ** (-rng.uniform(10, 40) / 20) * values.std()
    noise = gaussian_filter(rng.standard_normal(values.shape), (0, rng.uniform(0, 2)))
    if rng.random() < 0.5:
        slope = int(rng.integers(-3, 4))
        streaks = gaussian_filter(rng.standard_normal(values.shape), (rng.uniform(1, 6), rng.uniform(0.5, 2)))
        noise = (
            noise / noise.std() + np.stack([np.roll(row, slope * n) for n, row in enumerate(streaks)]) / streaks.std()
        )
    live = values != 0
    return np.asarray(values + level * noise / noise.std() * live)


def _smooth(rng: np.random.Generator, shape: tuple[int, int], lengths: tuple[float, float]) -> Array:
    """Draw a smooth random field of unit variance; lengths in traces and samples."""
    field = gaussian_filter(rng.standard_normal(shape), lengths, mode="reflect")
    return np.asarray(field / max(float(field.std()), 1e-12))


def _undulation(rng: np.random.Generator, traces: int, size: float, smooth: float | None = None) -> Array:
    """Draw a smooth curve along the line with standard deviation `size`."""
    length = smooth if smooth is not None else float(np.exp(rng.uniform(np.log(3), np.log(40))))
    curve = gaussian_filter1d(rng.standard_normal(traces + 200), length)[100 : 100 + traces]
    return np.asarray(size * curve / max(float(gaussian_filter1d(rng.standard_normal(2000), length).std()), 1e-12))
