"""LIS 79 files written byte by byte: numbers, absent values, fast channels, frames, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read, read_lis
from helpers.frame_files import LisChannel, LisFrame, lis_bytes, lis_float

ROWS = 40
FEET = 3000 + 0.5 * np.arange(ROWS)
GR = 40.0 + np.arange(ROWS)


def read_of(folder: Path, *frames: LisFrame) -> Recording:
    (folder / "x.lis").write_bytes(lis_bytes(("A-1", frames)))
    return read(folder / "x.lis")


def frame(*channels: LisChannel, absent: float = -999.25) -> LisFrame:
    return LisFrame([LisChannel("DEPT", "FT", FEET), *channels], absent)


def test_the_example_of_the_standard():
    assert lis_float(153).hex().upper() == "444C8000"
    assert lis_float(-153).hex().upper() == "BBB38000"


def test_a_well_in_feet(tmp_path: Path):
    channels = LisChannel("GR", "GAPI", GR), LisChannel("DT", "US/F", 90 + GR / 8), LisChannel("ILD", "OHMM", GR / 4)
    well = read_of(tmp_path, frame(*channels))
    assert well.name == "A-1"
    assert well.names == ("GR", "DTC", "RDEP")
    np.testing.assert_allclose(well.axis, 0.3048 * FEET, rtol=1e-12)
    np.testing.assert_array_equal(well.channel("GR"), GR.astype(np.float32))
    np.testing.assert_array_equal(well.channel("DTC"), (90 + GR / 8).astype(np.float32))
    assert not [finding for finding in well.findings if finding.severity == "warning"]


@pytest.mark.parametrize("absent", [-999.25, -9999.0, 0.0])
def test_the_absent_value_of_the_file_is_missing(absent: float, tmp_path: Path):
    values = GR.copy()
    values[4:6] = absent
    well = read_of(tmp_path, frame(LisChannel("GR", "GAPI", values), absent=absent))
    assert np.flatnonzero(np.isnan(well.channel("GR"))).tolist() == [4, 5]
    assert ("null-plausible" in {f.code for f in well.findings}) == (absent == 0)


def test_a_fast_channel_is_read_at_the_depths(tmp_path: Path):
    fast = np.stack([GR - 0.5, GR], axis=1)
    well = read_of(tmp_path, frame(LisChannel("CALI", "IN", 8 + 0 * GR), LisChannel("GR", "GAPI", fast, samples=2)))
    np.testing.assert_array_equal(well.channel("GR"), GR.astype(np.float32))
    assert set(well.names) == {"GR", "CALI"}


def test_integers_and_arrays_and_texts(tmp_path: Path):
    texts = np.array([[b"abcd"]] * ROWS)
    channels = [LisChannel("GR", "GAPI", GR, 79), LisChannel("WF", "", np.ones((ROWS, 3), int), 79)]
    well = read_of(tmp_path, frame(*channels, LisChannel("TXT", "", texts, 65)))
    assert well.names == ("GR",)
    assert {f.code: f.found for f in well.findings if f.code.endswith("channel")} == {
        "array-channel": "1 channels of several numbers per depth: WF",
        "text-channel": "1 channels of text or other values: TXT",
    }


@pytest.mark.parametrize("code", [130, 234])
def test_a_channel_that_cannot_be_decoded_is_left_out_and_the_others_are_read(code: int, tmp_path: Path):
    dips = np.array([[bytes(range(90))]] * ROWS)
    cali = np.stack([8 + GR / 64, 8 + GR / 32], axis=1)
    channels = [LisChannel("GR", "GAPI", GR), LisChannel("HDT", "", dips, code), LisChannel("DT", "US/F", 90 + GR / 8)]
    well = read_of(tmp_path, frame(*channels, LisChannel("CALI", "IN", cali, samples=2)))
    np.testing.assert_array_equal(well.channel("GR"), GR.astype(np.float32))
    np.testing.assert_array_equal(well.channel("DTC"), (90 + GR / 8).astype(np.float32))
    np.testing.assert_array_equal(well.channel("CALI"), (8 + GR / 32).astype(np.float32))
    (finding,) = (f for f in well.findings if f.code == "text-channel")
    assert finding.found == "1 channels of text or other values: HDT"


def test_a_second_frame_with_the_same_depths_is_joined_and_a_second_well_named(tmp_path: Path):
    first, second = frame(LisChannel("GR", "GAPI", GR)), frame(LisChannel("NPHI", "V/V", GR / 512))
    (tmp_path / "x.lis").write_bytes(lis_bytes(("A-1", [first]), ("B-2", [second])))
    well = read(tmp_path / "x.lis")
    assert well.names == ("GR",)
    (finding,) = (f for f in well.findings if f.code == "other-section")
    assert finding.severity == "warning"
    assert "'B-2'" in finding.found
    assert read_lis(tmp_path / "x.lis", frame=2).names == ("NPHI",)


def test_a_frame_that_is_described_again_before_its_rows(tmp_path: Path):
    well = read_of(
        tmp_path,
        LisFrame([LisChannel("DEPT", "FT", FEET[:1]), LisChannel("GR", "GAPI", GR[:1])]),
        frame(LisChannel("GR", "GAPI", GR)),
    )
    np.testing.assert_array_equal(well.channel("GR"), GR.astype(np.float32))
    (finding,) = (f for f in well.findings if f.code == "other-section")
    assert (finding.severity, "too-short: 1 usable rows" in finding.found) == ("info", True)


def test_no_index_in_depth(tmp_path: Path):
    channels = [LisChannel("TIME", "S", FEET), LisChannel("GR", "GAPI", GR)]
    with pytest.raises(UnreadableFileError, match="no-depth-index"):
        read_of(tmp_path, LisFrame(channels))


def test_a_file_that_was_cut_off_gives_its_rows(tmp_path: Path):
    data = lis_bytes(("A-1", [frame(LisChannel("GR", "GAPI", GR))]))
    (tmp_path / "x.lis").write_bytes(data[:-150])
    well = read(tmp_path / "x.lis")
    assert "damaged-records" in {f.code for f in well.findings}
    assert 2 <= well.axis.size < ROWS
    np.testing.assert_array_equal(well.channel("GR"), GR[: well.axis.size].astype(np.float32))


@pytest.mark.parametrize("data", [b"~Version\n" * 900, b"\0" * 5000, b"x", lis_bytes(("A", []))])
def test_what_is_no_lis_is_refused(data: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "x.lis").write_bytes(data)
    with pytest.raises(UnreadableFileError) as caught:
        read(tmp_path / "x.lis")
    assert [finding.code for finding in caught.value.findings] == ["not-lis"]
    assert capfd.readouterr() == ("", "")
