"""Damaged, hostile and huge LAS files: a recording or a refusal, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import read_las
from helpers.paths import FIELD_DATA, ROOT

FIELD = sorted((FIELD_DATA / "las").glob("*.[lL][aA][sS]"))
SECONDS_EACH = 2.0
HEADER = (
    "~Version\nVERS. 2.0 : v\nWRAP. NO : w\n~Well\nSTRT.m 100 : s\nSTOP.m 119.5 : s\nSTEP.m 0.5 : s\n"
    "NULL. -999.25 : n\n"
    "WELL. A-1 : WELL\n~Curve\nDEPT.m : depth\nGR.gAPI : gamma\nRHOB.g/cm3 : density\nFACIES. : text\n"
)
PLAIN = HEADER + "~Ascii\n" + "".join(f"{100 + n / 2} {50 + n} {2 + n / 100} {n % 3}\n" for n in range(40))
WRAPPED = PLAIN.replace("WRAP. NO", "WRAP. YES").replace(" 2.", "\n2.")
LAS3 = PLAIN.replace("VERS. 2.0", "VERS. 3.0").replace("~Ascii", "~Log_Data | Log_Definition")
SEEDS = [PLAIN.encode(), WRAPPED.encode(), LAS3.encode(), PLAIN.encode("utf-16"), PLAIN.replace("\n", "\r\n").encode()]

Mutator = Callable[[bytes, np.random.Generator], bytes]


def truncated(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(0, len(data))]


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(data)
    for at in rng.integers(0, len(data), size=rng.integers(1, 20)):
        damaged[at] ^= 1 << rng.integers(0, 8)
    return bytes(damaged)


def noisy(data: bytes, rng: np.random.Generator) -> bytes:
    at = rng.integers(0, len(data))
    return data[:at] + rng.bytes(int(rng.integers(1, 200))) + data[at + rng.integers(0, 50) :]


def shuffled(data: bytes, rng: np.random.Generator) -> bytes:
    """Two lines change places."""
    lines = data.splitlines(keepends=True)
    first, second = rng.integers(0, len(lines), size=2)
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def repeated(data: bytes, rng: np.random.Generator) -> bytes:
    first, second = sorted(rng.integers(0, len(data), size=2))
    return data[:second] + data[first:second] * int(rng.integers(1, 4)) + data[second:]


def inflated(data: bytes, rng: np.random.Generator) -> bytes:
    """A digit becomes a huge, negative, or senseless number."""
    huge = (b"999999999", b"-1e308", b"1e400", b"nan", b"0", b"-0.0", b"1_0", b"2147483648", b"~", b":::.", b'"', b"")
    digits = np.flatnonzero(np.isin(np.frombuffer(data, np.uint8), np.frombuffer(b"0123456789", np.uint8)))
    at = int(rng.choice(digits)) if digits.size else 0
    return data[:at] + huge[rng.integers(0, len(huge))] + data[at + 1 :]


MUTATORS: tuple[Mutator, ...] = (truncated, flipped, noisy, shuffled, repeated, inflated)


def read_mutants(folder: Path, seeds: list[bytes], count: int, seed: int) -> int:
    """Read `count` damaged files; how many still gave a recording."""
    rng = np.random.default_rng(seed)
    path = folder / "mutant.las"
    good = 0
    for number in range(count):
        data = seeds[rng.integers(0, len(seeds))]
        for _ in range(int(rng.integers(1, 4))):
            data = MUTATORS[rng.integers(0, len(MUTATORS))](data, rng) or b"~"
        path.write_bytes(data)
        started = time.process_time()
        try:
            well = read_las(path)
        except UnreadableFileError as error:
            assert any(finding.severity == "error" for finding in error.findings), number
        else:
            good += 1
            assert not np.isinf(well.values).any(), number
            assert (np.diff(well.axis) > 0).all(), number
        assert time.process_time() - started < SECONDS_EACH, f"mutant {number} of seed {seed}"
    return good


def test_damaged_files_give_a_recording_or_a_refusal(tmp_path: Path):
    good = read_mutants(tmp_path, SEEDS, 300, seed=1)
    assert 30 < good < 300  # the damage is neither harmless nor total


@pytest.mark.parametrize("count", [400, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_field_files_give_a_recording_or_a_refusal(tmp_path: Path, count: int):
    field = [path.read_bytes() for path in FIELD if path.stat().st_size < 100_000]
    assert read_mutants(tmp_path, SEEDS + field, count, seed=2) > count // 20


# Not ru_maxrss: a child inherits its parent's.
PROBE = """
import json, sys, time
from pathlib import Path
from aemodels.core.errors import UnreadableFileError
from aemodels.io import read_las
def memory(field):
    status = Path("/proc/self/status").read_text()
    return int(status.split(field + ":")[1].split()[0]) * 1024
result = {}
for name in sys.argv[1:]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before, started = memory("VmRSS"), time.process_time()
    try:
        well = read_las(Path(name))
        codes = [len(well.channels)]
    except UnreadableFileError as error:
        codes = [finding.code for finding in error.findings]
    result[Path(name).stem] = [codes[-1], time.process_time() - started, memory("VmHWM") - before, memory("VmHWM")]
print(json.dumps(result))
"""


on_linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux' /proc"
)


def probe(*paths: Path) -> dict[str, list]:
    """Code or channels, seconds, growth of the peak memory and the peak itself, by file, in one fresh process."""
    command = [sys.executable, "-c", PROBE, *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    return json.loads(done.stdout)


def sparse(path: Path, start: bytes, size: int) -> Path:
    """A file that begins so and is that large, on disk without its zeros."""
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(size)
    return path


@on_linux
def test_bombs_are_refused_quickly_and_in_little_memory(tmp_path: Path):
    curves = b"".join(b"C%d.m : x\n" % number for number in range(1_000_000))
    closed = b"~Ascii\n" + b"1 2\n2 3\n"
    bombs = {
        "header": sparse(tmp_path / "header.las", b"~Version\n" + b"VERS. 2.0 : v\n" * 1_200_000, 500 * 10**6),
        "zeros": sparse(tmp_path / "zeros.las", b"~Version\nVERS. 2.0 : v\n", 500 * 10**6),
        "curves": sparse(tmp_path / "curves.las", b"~Curve\n" + curves + closed, len(curves) + 7 + len(closed)),
        "huge": sparse(tmp_path / "huge.las", PLAIN.encode(), 3 * 2**30),
    }
    texts = {
        "same": HEADER + "X.m : again\n" * 5000 + "~Ascii\n1 2\n2 3\n",
        "line": HEADER + "Y." + "m" * 3_000_000 + "\n~Ascii\n1 2\n2 3\n",
        "tildes": HEADER + "~\n" * 1_000_000,
        "declared": PLAIN.replace("STOP.m 119.5", "STOP.m 500000000"),
    }
    for name, text in texts.items():
        bombs[name] = tmp_path / f"{name}.las"
        bombs[name].write_text(text)
    result = probe(*bombs.values())
    codes = {name: row[0] for name, row in result.items()}
    expected = dict.fromkeys(bombs, "header-too-large") | {"huge": "too-large", "declared": "absurd-size"}
    assert codes == expected
    assert max(row[1] for row in result.values()) < 5.0, result
    assert max(row[3] for row in result.values()) < 500e6, result


LAYOUTS: dict[str, tuple[str, str]] = {
    "fixed": ("{:14.4f}", "  -999.250000 65.000000000 2.3412345678" * 5 + "\n"),
    "uneven": ("{:.4f}", " -999.25 65.000000000  2.3412" * 5 + "\n"),
    "short": ("{:.1f}", " -999.25 65 2.3" * 5 + "\n"),
    "blanks": ("{:.4f}", " -999.250000 65.000000000   2.3412345678" * 5 + "\n"),
    "text": ("{:14.4f}", "  sandstone 65.000000000 2.3412345678" * 5 + "\n"),
    "wrapped": ("{:14.4f}\n", "  -999.250000 65.000000000 2.3412345678\n" * 5),
}


@on_linux
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reading_takes_at_most_four_times_the_file_s_size(tmp_path: Path, layout: str):
    depth, rest = LAYOUTS[layout]
    rows = 120_000
    header = (
        HEADER.split("GR.", maxsplit=1)[0].replace("119.5", f"{100 + 0.125 * (rows - 1)}").replace("m 0.5", "m 0.125")
    )
    if layout == "wrapped":
        header = header.replace("WRAP. NO", "WRAP. YES")
    curves = "".join(f"C{number}. : curve\n" for number in range(15))
    body = "".join([depth.format(100 + 0.125 * number) + rest for number in range(rows)])
    path = tmp_path / f"{layout}.las"
    path.write_text(header + curves + "~Ascii\n" + body)
    small = tmp_path / "small.las"  # imports and caches are paid for before
    small.write_text(PLAIN)
    channels, _, growth, _ = probe(small, path)[layout]
    assert channels == (10 if layout == "text" else 15)
    assert growth <= 4 * path.stat().st_size, f"{growth / path.stat().st_size:.1f} times the file"
