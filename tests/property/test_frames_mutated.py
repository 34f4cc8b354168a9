"""Damaged DLIS and LIS files: each is refused with a reason or read, in seconds, and none ends this process."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read
from helpers.frame_files import DlisFrame, LisChannel, LisFrame, dlis_bytes, lis_bytes

ROWS = 20
SECONDS = 60  # for one file, on a busy computer
LENGTHS = (0, 1, 4, 16, 0x7F, 0x80, 0xBF, 0xC0, 0xFF)  # bytes that are lengths or counts of some width


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One kind of damage: cut, grown, bits flipped, a length changed, a piece removed, repeated, blanked or random."""
    damaged = bytearray(data)
    kind = rng.choice(["cut", "grow", "flip", "length", "length", "remove", "repeat", "blank", "random"])
    first = rng.randrange(len(damaged))
    piece = slice(first, first + rng.choice([1, 2, 4, 16, 100]))
    if kind == "cut":
        del damaged[first:]
    elif kind == "grow":
        damaged += rng.randbytes(rng.choice([1, 80, 5000]))
    elif kind in ("flip", "length"):
        for place in rng.choices(range(len(damaged)), k=rng.choice([1, 2, 5, 50] if kind == "flip" else [1, 2, 3])):
            damaged[place] = damaged[place] ^ 1 << rng.randrange(8) if kind == "flip" else rng.choice(LENGTHS)
    elif kind == "remove":
        del damaged[piece]
    elif kind == "repeat":
        damaged[first:first] = damaged[piece]
    else:
        size = len(damaged[piece])
        damaged[piece] = bytes(size) if kind == "blank" else rng.randbytes(size)
    return bytes(damaged)


def sources() -> dict[str, bytes]:
    """A DLIS file of two wells and two frames of the first, and a LIS file."""
    depth, gr = 1000 + 0.5 * np.arange(ROWS), (40 + np.arange(ROWS)).astype(np.float32)
    fine = {"DEPT": (1000 + 0.1 * np.arange(5 * ROWS), "m"), "PEF": (np.full(5 * ROWS, 3.0), "b/e")}
    main = {"DEPT": (depth, "m"), "GR": (gr, "gAPI"), "WAVE": (np.ones((ROWS, 4), np.float32), "")}
    frames = [DlisFrame(main, name="main"), DlisFrame(fine, name="fine")]
    channels = [LisChannel("DEPT", "M", depth), LisChannel("GR", "GAPI", gr)]
    return {".dlis": dlis_bytes(("A-1", frames), ("B-2", frames[:1])), ".lis": lis_bytes(("A-1", [LisFrame(channels)]))}


def verdict(path: Path) -> tuple[str, float]:
    """What reading a file gives, and its seconds; every refusal and every recording is complete."""
    started = time.monotonic()
    try:
        recording = read(path)
    except UnreadableFileError as error:
        (reason, *_) = [finding for finding in error.findings if finding.severity == "error"]
        assert all(reason.to_dict().values()), path.name
        return reason.code, time.monotonic() - started
    assert_sound(recording)
    return "read", time.monotonic() - started


def assert_sound(recording: Recording) -> None:
    assert recording.values.shape == (len(recording.channels), recording.axis.size)
    assert recording.axis.size >= 2
    assert np.isfinite(recording.axis).all()
    assert (np.diff(recording.axis) > 0).all()
    assert not np.isinf(recording.values).any()


@pytest.mark.parametrize("count", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_damaged_files_have_a_verdict(count: int, tmp_path: Path):
    rng, files = random.Random(79), sources()
    paths = []
    for number in range(count):
        form = ".lis" if number % 4 == 3 else ".dlis"
        paths.append(tmp_path / f"{number}{form}")
        paths[-1].write_bytes(mutate(files[form], rng))
    with ThreadPoolExecutor(4) as threads:
        found = dict(zip(paths, threads.map(verdict, paths), strict=True))
    assert {path.name: seconds for path, (_, seconds) in found.items() if seconds > SECONDS} == {}
    codes = [code for code, _ in found.values()]
    assert "read" in codes
    assert len(set(codes)) > 1
