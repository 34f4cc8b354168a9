"""Throughput benchmarks: each pair does the same work on the same data, in turns, and must give equal results."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.core.types import Channel, Recording, Section, Source, WindowSet
from aemodels.signal.windows import WindowSpec, cut, overlap_add

SAMPLES = 20_000
CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
FIELD_WELLS = 8
READING_TARGET, READING_BOUND = 8.0, 6.5  # times the speed of lasio on field wells; 9.1 to 9.3 were measured


@dataclass(frozen=True)
class Pair:
    """Two implementations of the same work, or two kinds of work whose cost is compared.

    Args:
        what: description of the work.
        ours: our implementation.
        other: name of the other implementation.
        theirs: the other implementation.
        required: ratio that ours has to reach; None if there is no requirement.
        bound: ratio below which ours has become slower than it was measured to be, with room for noise; None = the
            required one.
        equal: True if both have to give the same result.
    """

    what: str
    ours: Callable[[], Any]
    other: str
    theirs: Callable[[], Any]
    required: float | None = None
    equal: bool = True
    bound: float | None = None


def benchmark(repeats: int, las: Path | None = None) -> list[dict[str, Any]]:
    """Return one row per pair: what, ours_s, other, other_s (medians), ratio = other_s / ours_s, low, high, verdict.

    The verdict is "met" or "missed" if a ratio is required, else "".

    Args:
        repeats: repetitions of each, in turns.
        las: a folder of wells to read as well.
    """
    rng = np.random.default_rng(20)
    values = rng.normal(size=(len(CURVES), SAMPLES)).cumsum(axis=1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        pairs = [_reading(values, Path(folder)), _blending(values), _scoring(values)]
        pairs += [reading_field(field_wells(las))] if las is not None else []
        return [measure(pair, repeats) for pair in pairs]


def measure(pair: Pair, repeats: int) -> dict[str, Any]:
    """Return the row of a pair, timed in turns after a check that both agree.

    Seconds of processor time, so that other processes count as little as possible; low and high are the extremes of the
    ratio over the turns.
    """
    mine, theirs = pair.ours(), pair.theirs()  # also warms up
    if pair.equal:
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for log, run in zip(times, (pair.ours, pair.theirs), strict=True):
            started = time.process_time()
            run()
            log.append(time.process_time() - started)
    mine, theirs = (statistics.median(log) for log in times)
    ratios = [other / own for own, other in zip(*times, strict=True)]
    row = {"what": pair.what, "ours_s": mine, "other": pair.other, "other_s": theirs, "ratio": theirs / mine}
    row |= {"low": min(ratios), "high": max(ratios)}
    row |= {"required": pair.required, "verdict": verdict(theirs / mine, pair.required)}
    return row | {"bound": pair.required if pair.bound is None else pair.bound}


def verdict(ratio: float, required: float | None) -> str:
    """Return "met" or "missed" for a required ratio; "" if there is none."""
    if required is None:
        return ""
    return "met" if ratio >= required else "missed"


def _reading(values: np.ndarray, folder: Path) -> Pair:
    import lasio

    from aemodels.io.las.reader import read_las
    from aemodels.io.las.writer import write_las

    path = folder / "bench.las"
    positive = np.abs(values) + 1.0
    write_las(_recording(positive.astype(np.float32)), path)

    def other() -> np.ndarray:
        with path.open() as stream:
            return np.asarray(lasio.read(stream).data[:, 1:].T, dtype=np.float32)

    size = path.stat().st_size / 1e6
    return Pair(f"read LAS, {size:.1f} MB", lambda: read_las(path).values, "lasio.read", other)


def field_wells(folder: Path) -> list[Path]:
    """Return the wells of a folder that are read."""
    return sorted(folder.glob("*.las"))[:FIELD_WELLS]


def reading_field(paths: list[Path]) -> Pair:
    """Return the pair of reading field wells with simple curves, for which both readers agree."""
    import lasio

    from aemodels.io.las.reader import read_las

    order = [[channel.headers["mnemonic"] for channel in read_las(path).channels] for path in paths]

    def ours() -> np.ndarray:
        return np.concatenate([read_las(path).values.ravel() for path in paths])

    def other() -> np.ndarray:
        values = []
        for path, mnemonics in zip(paths, order, strict=True):
            with path.open() as stream:
                las = lasio.read(stream, mnemonic_case="preserve")
            values += [las[mnemonic] for mnemonic in mnemonics]
        return np.concatenate(values)

    size = sum(path.stat().st_size for path in paths) / 1e6
    what = f"read {len(paths)} field wells, {size:.1f} MB"
    return Pair(what, ours, "lasio.read", other, READING_TARGET, bound=READING_BOUND)


def _blending(values: np.ndarray) -> Pair:
    section = Section("bench", values, np.ones(values.shape, dtype=bool), np.ones(len(values), dtype=np.float32))
    windows = cut(section, WindowSpec(length=256, stride=64))
    count = len(windows.values)
    return Pair(
        f"overlap-add, {count} windows",
        lambda: overlap_add(windows.values, windows),
        "loop over samples",
        lambda: loop_overlap_add(windows),
    )


def loop_overlap_add(windows: WindowSet) -> np.ndarray:
    """Overlap-add window blocks with a loop over samples."""
    channels, samples = windows.shape
    total = np.zeros((samples, channels))
    weight = np.zeros((samples, 1))
    for block, (_, first) in zip(windows.values, windows.origin, strict=True):
        for offset, row in enumerate(block):
            total[first + offset] += row
            weight[first + offset] += 1
    return (total / weight).T.astype(np.float32)


def _scoring(values: np.ndarray) -> Pair:
    from aemodels.denoisers.networks.dense import Dense
    from aemodels.denoisers.networks.inference import predict

    windows = np.lib.stride_tricks.sliding_window_view(values, 100, axis=1)[:, ::5].reshape(-1, 100)
    windows = np.ascontiguousarray(windows / np.abs(windows).max())
    network = Dense().build(1)
    inputs = windows.reshape(-1, *network.input_shape[1:]).astype(np.float32)
    cache: dict[str, Any] = {}
    return Pair(
        f"network 100-64-32-10, {len(inputs)} windows",
        lambda: predict(network, inputs, cache),
        "model.predict, batch 32",
        lambda: network.predict(inputs, batch_size=32, verbose=0),
    )


def _recording(values: np.ndarray) -> Recording:
    return Recording(
        values=values,
        axis=1000.0 + 0.1524 * np.arange(values.shape[1], dtype=np.float64),
        channels=tuple(Channel(curve) for curve in CURVES),
        kind="logs",
        source=Source("bench", "0" * 64),
        name="bench",
    )
