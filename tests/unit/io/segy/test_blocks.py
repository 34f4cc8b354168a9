"""A file larger than memory goes in and out by blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.core.types import Recording
from aemodels.io import read_segy, read_segy_blocks, write_denoised_blocks, write_denoised_segy, write_segy
from helpers.paths import ROOT
from helpers.recordings import make_line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_segy(make_line(traces=25, samples=50), tmp_path / "line.sgy")
    return tmp_path / "line.sgy"


@pytest.mark.parametrize("traces", [1, 7, 25, 1000])
def test_the_blocks_make_up_the_file(path: Path, traces: int):
    whole, blocks = read_segy(path), list(read_segy_blocks(path, traces=traces))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), whole.values)
    assert tuple(channel for block in blocks for channel in block.channels) == whole.channels
    for block in blocks:
        np.testing.assert_array_equal(block.axis, whole.axis)
        assert (block.source, block.name, block.headers) == (whole.source, whole.name, whole.headers)
        assert len(block.channels) <= traces


def test_findings_name_the_traces_of_the_file(path: Path):
    data = bytearray(path.read_bytes())
    size = 240 + 4 * 50
    data[3600 + 17 * size + 240 : 3600 + 17 * size + 244] = b"\x7f\xc0\0\0"  # no number
    data[3224:3226] = b"\0\x63"  # no known format
    path.write_bytes(data)
    first, second, third = read_segy_blocks(path, traces=10)
    assert [finding.code for finding in first.findings] == ["format-unknown"]
    assert [(finding.code, finding.where) for finding in second.findings] == [("not-finite", "trace 17")]
    assert third.findings == ()


def test_a_block_has_at_least_one_trace(path: Path):
    with pytest.raises(DataError, match="at least 1"):
        next(read_segy_blocks(path, traces=0))


def test_a_copy_written_by_blocks_is_the_copy_written_at_once(path: Path, tmp_path: Path):
    half = (read_segy(path).values / np.float32(2)).astype(np.float32)
    write_denoised_segy(path, tmp_path / "once.sgy", half, "history")
    blocks = (block.values / np.float32(2) for block in read_segy_blocks(path, traces=4))
    assert write_denoised_blocks(path, tmp_path / "blocks.sgy", blocks, "history") == ()
    assert (tmp_path / "blocks.sgy").read_bytes() == (tmp_path / "once.sgy").read_bytes()
    np.testing.assert_array_equal(read_segy(tmp_path / "blocks.sgy").values, half)


@pytest.mark.parametrize("rows", [24, 26])
def test_blocks_that_are_not_the_file_are_refused(path: Path, tmp_path: Path, rows: int):
    with pytest.raises(DataError, match="expected"):
        write_denoised_blocks(path, tmp_path / "out.sgy", [np.zeros((rows, 50), np.float32)], "history")
    assert [found.name for found in tmp_path.iterdir()] == ["line.sgy"]


STREAM = """
import sys
from pathlib import Path
import numpy as np
from aemodels.io import read_segy_blocks, write_denoised_blocks
source, target = Path(sys.argv[1]), Path(sys.argv[2])
blocks = (block.values * np.float32(0.5) for block in read_segy_blocks(source, traces=1000))
write_denoised_blocks(source, target, blocks, "history")
total = sum(float(block.values.sum()) for block in read_segy_blocks(source, traces=1000))
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")), total)
"""


# VmHWM is the process's own; ru_maxrss starts from that of the process that started it.
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


def peak_kib(folder: Path, traces: int, samples: int) -> int:
    """Peak memory of reading and copying a file of so many traces by blocks of 1000, in a fresh process."""
    line: Recording = make_line(traces=100, samples=samples)
    write_segy(line, folder / "part.sgy")
    data = (folder / "part.sgy").read_bytes()
    with (folder / "large.sgy").open("wb") as stream:
        stream.write(data[:3600])
        for _ in range(traces // 100):
            stream.write(data[3600:])
    done = subprocess.run(
        [sys.executable, "-c", STREAM, str(folder / "large.sgy"), str(folder / "copy.sgy")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    peak, total = done.stdout.split()
    assert float(total) == pytest.approx(float(line.values.astype(np.float64).sum()) * traces / 100, rel=1e-3)
    assert (folder / "copy.sgy").stat().st_size == (folder / "large.sgy").stat().st_size
    (folder / "large.sgy").unlink()
    (folder / "copy.sgy").unlink()
    return int(peak)


@needs_proc
def test_memory_is_flat(tmp_path: Path):
    """19 MB and 75 MB."""
    small, large = peak_kib(tmp_path, 15_000, 250), peak_kib(tmp_path, 60_000, 250)
    assert large < 1.2 * small


@needs_proc
@pytest.mark.slow
def test_memory_is_flat_up_to_a_gigabyte(tmp_path: Path):
    small, large = peak_kib(tmp_path, 60_000, 1000), peak_kib(tmp_path, 240_000, 1000)
    assert large < 1.2 * small
