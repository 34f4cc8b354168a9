"""Damaged SEG-Y files: a refusal or a recording, quickly and in little memory, and never a silent wrong value."""

from __future__ import annotations

import random
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import segyio

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read_segy, write_segy
from helpers.paths import FIELD_DATA
from helpers.recordings import make_line
from helpers.segy_files import SAMPLES, by_hand, segy_like, swapped, three_bytes, uneven_bytes

FIELDS = (3217, 3221, 3225, 3269, 3273, 3297, 3501, 3502, 3503, 3505, 3507, 3513, 3521, 3529)
NUMBERS = (0, 1, -1, 2**15, 2**31 - 1, 10**9, 2**63 - 1)
BEYOND_SEGYIO = {"revision-unknown", "trace-lengths-vary", "gain-coded", "byte-swapped"}
THREE_BYTES = (7, 15)
SLACK = 8_000_000  # bytes of memory that any file may take


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One kind of damage: cut, grown, bits flipped, header fields overwritten or swapped, the header random."""
    damaged = bytearray(data)
    kind = rng.choice(["cut", "grow", "flip", "field", "field", "swap", "random"])
    if kind == "cut":
        del damaged[rng.randrange(len(damaged)) :]
    elif kind == "grow":
        damaged += rng.randbytes(rng.choice([1, 240, 3200, 10_000]))
    elif kind == "flip":
        for _ in range(rng.choice([1, 10, 1000])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    elif kind == "field":
        for _ in range(rng.randint(1, 4)):
            place, size = rng.choice(FIELDS) - 1, rng.choice([1, 2, 4, 8])
            number = rng.choice([*NUMBERS, rng.getrandbits(16)]) % 256**size
            damaged[place : place + size] = number.to_bytes(size, rng.choice(["big", "little"]))
    elif kind == "swap":
        one, two = rng.randrange(3200, 3600, 2), rng.randrange(3200, 3600, 2)
        damaged[one : one + 2], damaged[two : two + 2] = damaged[two : two + 2], damaged[one : one + 2]
    else:
        damaged[3200:3600] = rng.randbytes(400)
    return bytes(damaged)


def sources(folder: Path) -> list[bytes]:
    """Small files: some of our own, in rare formats too, and public ones where they are there."""
    write_segy(make_line(traces=12, samples=40), folder / "ieee.sgy")
    write_segy(make_line(traces=12, samples=40), folder / "ibm.sgy", sample_format="ibm")
    public = FIELD_DATA / "segy"
    small = [path for path in sorted(public.iterdir()) if path.stat().st_size < 250_000] if public.is_dir() else []
    write_segy(make_line(traces=12, samples=40), folder / "two.sgy", revision=2)
    values = np.random.default_rng(3).integers(0, 9999, (6, SAMPLES))
    gains = [(trace.astype(">u4") | 0x00030000).tobytes() for trace in values]
    rare = [
        by_hand(three_bytes(values, ">"), 7),
        by_hand(three_bytes(values, "<"), 15, order="<"),
        by_hand(gains, 4),
        swapped(segy_like(values.astype(np.float32), 5, "f4"), 5),
        uneven_bytes(),
        uneven_bytes([200, 3, 90, 1000, 4, 4, 4] * 3, stated=1000),
    ]
    own = [folder / name for name in ("ieee.sgy", "ibm.sgy", "two.sgy")]
    return [*rare, *(path.read_bytes() for path in [*own, *small])]


def same_as_segyio(line: Recording, path: Path) -> bool:
    """Whether a file that is read without a warning has segyio's values.

    segyio decodes IBM floats wrongly whose first hexadecimal digit is 0, and takes the smallest for 0: there its
    word is not taken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with segyio.open(path, ignore_geometry=True, endian=line.headers["endian"]) as file:
            expected, times = file.trace.raw[:].astype(np.float32), file.samples * 1e-3
    sound = np.ones(expected.shape, dtype=bool)
    if line.headers["format"] == 1:
        data = np.frombuffer(path.read_bytes()[3600:], dtype=np.uint8).reshape(len(line.channels), -1)[:, 240:]
        words = np.ascontiguousarray(data).view(">u4" if line.headers["endian"] == "big" else "<u4")
        sound = ((words & 0x00F00000) != 0) & (np.abs(line.values) > 1e-30)
    return bool((line.values[sound] == expected[sound]).all()) and np.allclose(times, line.axis, atol=1e-6)


def hammer(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Read so many mutants; how many were read, refused and compared."""
    rng, originals = random.Random(seed), sources(folder)
    tally = {"read": 0, "refused": 0, "compared": 0}
    path = folder / "mutant.sgy"
    tracemalloc.start()
    for number in range(count):
        path.write_bytes(mutate(rng.choice(originals), rng))
        tracemalloc.reset_peak()
        started = time.perf_counter()
        line = None
        try:
            line = read_segy(path)
        except UnreadableFileError as error:
            assert all(finding.severity == "error" for finding in error.findings)
        assert time.perf_counter() - started < 2.0, f"mutant {number} of seed {seed}"
        peak = tracemalloc.get_traced_memory()[1] - tracemalloc.get_traced_memory()[0]
        assert peak < 20 * path.stat().st_size + SLACK, f"mutant {number} of seed {seed}: {peak} bytes"
        tally["read" if line else "refused"] += 1
        if line and line.headers["revision"] < "2" and all(f.severity == "info" for f in line.findings):
            tally["compared"] += 1
            codes = {finding.code for finding in line.findings}
            beyond = codes & BEYOND_SEGYIO or line.headers["format"] in THREE_BYTES
            assert beyond or same_as_segyio(line, path), f"mutant {number} of seed {seed}"
    tracemalloc.stop()
    return tally


def test_some_damaged_files(tmp_path: Path):
    assert min(hammer(tmp_path, 200, seed=1).values()) >= 10


@pytest.mark.slow
def test_two_thousand_damaged_files(tmp_path: Path):
    assert min(hammer(tmp_path, 2000, seed=2).values()) >= 100
