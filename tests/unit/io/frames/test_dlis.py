"""DLIS files made by dliswriter: depths, units, frames, wells, arrays, damage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read, read_dlis
from helpers.frame_files import DlisFrame, dlis_bytes
from helpers.paths import ROOT

ROWS = 40
METRES = 1000 + 0.5 * np.arange(ROWS)
GR = (40 + np.arange(ROWS)).astype(np.float32)
RHOB = (2.2 + 0.01 * np.arange(ROWS)).astype(np.float32)
LOGS = {"GR": (GR, "gAPI"), "RHOB": (RHOB, "g/cm3")}
PLAIN = {"DEPT": (METRES, "m"), **LOGS}


def read_of(folder: Path, *frames: DlisFrame) -> Recording:
    (folder / "x.dlis").write_bytes(dlis_bytes(("A-1", frames)))
    return read(folder / "x.dlis")


def codes(recording: Recording, *, severity: str = "") -> list[str]:
    return [finding.code for finding in recording.findings if severity in ("", finding.severity)]


def test_curves_by_name_and_unit(tmp_path: Path):
    channels = {"DEPT": (METRES, "m"), "ECGR": (GR, "gAPI"), "RHOZ": (1000 * RHOB.astype(float), "kg/m3")}
    well = read_of(tmp_path, DlisFrame(channels))
    assert well.name == "A-1"
    assert well.headers["well"]["WELL"] == "A-1"
    assert well.names == ("GR", "RHOB")
    np.testing.assert_array_equal(well.axis, METRES)
    np.testing.assert_array_equal(well.channel("GR"), GR)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert codes(well) == ["curve-renamed", "unit-converted"]


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("ft", 0.3048), ("0.1 in", 0.00254), ("cm", 0.01)])
@pytest.mark.parametrize("upwards", [False, True])
def test_the_index_in_any_unit_and_direction(unit: str, metres: float, upwards: bool, tmp_path: Path):
    turn = slice(None, None, -1 if upwards else 1)
    channels = {"TDEP": ((METRES / metres)[turn].copy(), unit), "GR": (GR[turn].copy(), "gAPI")}
    well = read_of(tmp_path, DlisFrame(channels))
    np.testing.assert_allclose(well.axis, METRES, atol=1e-9)
    np.testing.assert_array_equal(well.channel("GR"), GR)
    assert codes(well, severity="warning") == []
    assert ("depth-reversed" in codes(well)) == upwards
    assert ("depth-converted" in codes(well)) == (unit != "m")


def test_absent_values_are_missing(tmp_path: Path):
    values = GR.copy()
    values[3:5], values[7] = -999.25, np.nan
    well = read_of(tmp_path, DlisFrame({"DEPT": (METRES, "m"), "GR": (values, "gAPI")}))
    assert np.flatnonzero(np.isnan(well.channel("GR"))).tolist() == [3, 4, 7]
    assert codes(well) == []


def test_arrays_are_left_out_and_named(tmp_path: Path):
    waves = {"WAVE": (np.ones((ROWS, 8), np.float32), ""), "GR": (np.ones((ROWS, 3), np.float32), "gAPI")}
    well = read_of(tmp_path, DlisFrame({"DEPT": (METRES, "m"), "WAVE": waves["WAVE"], "RHOB": LOGS["RHOB"]}))
    assert well.names == ("RHOB",)
    (finding,) = well.findings
    assert (finding.severity, finding.code) == ("info", "array-channel")
    assert "WAVE" in finding.found
    lost = read_of(tmp_path, DlisFrame({"DEPT": (METRES, "m"), **waves, "RHOB": LOGS["RHOB"]}))
    assert codes(lost, severity="warning") == ["array-channel"]


def test_frames_with_the_same_depths_are_read_together(tmp_path: Path):
    more = {"TDEP": (METRES / 0.3048, "ft"), "NPHI": (np.full(ROWS, 0.2), "m3/m3")}
    well = read_of(tmp_path, DlisFrame(more, name="second"), DlisFrame(PLAIN, name="main"))
    assert well.names == ("GR", "RHOB", "NPHI")
    assert "sections-merged" in codes(well)
    assert codes(well, severity="warning") == []


def test_the_frame_with_most_curves_is_read_and_the_others_are_named(tmp_path: Path):
    fine = {"DEPT": (1000 + 0.1 * np.arange(100), "m"), "PEF": (np.full(100, 3.0), "b/e")}
    time = {"TIME": (0.5 * np.arange(ROWS), "s"), "TENS": (np.full(ROWS, 900.0), "lbf")}
    frames = DlisFrame(fine, name="fine"), DlisFrame(PLAIN, name="main"), DlisFrame(time, "time", "NON-STANDARD")
    well = read_of(tmp_path, *frames)
    assert well.names == ("GR", "RHOB")
    left = {f.where: f for f in well.findings if f.code == "other-section"}
    assert {where: f.severity for where, f in left.items()} == {
        "logical file 1, frame fine": "warning",
        "logical file 1, frame time": "info",
    }
    assert "read_dlis(path, frame=1)" in left["logical file 1, frame fine"].remedy
    assert read_dlis(tmp_path / "x.dlis", frame=1).names == ("PEF",)
    with pytest.raises(UnreadableFileError, match="no-data"):
        read_dlis(tmp_path / "x.dlis", frame=7)


@pytest.mark.parametrize("unit", ["m", "ft", "0.1 in"])
@pytest.mark.parametrize("upwards", [False, True])
def test_a_frame_of_finer_steps_is_read_at_the_depths_of_the_main_one(unit: str, upwards: bool, tmp_path: Path):
    metres = {"m": 1.0, "ft": 0.3048, "0.1 in": 0.00254}[unit]
    turn = slice(None, None, -1 if upwards else 1)
    depths = 1000.1 + 0.1 * np.arange(5 * ROWS - 4)  # the main frame begins above
    pef = np.linspace(2, 5, depths.size).astype(np.float32)
    fine = DlisFrame({"TDEP": ((depths / metres)[turn].copy(), unit), "PEF": (pef[turn].copy(), "b/e")}, name="fine")
    well = read_of(tmp_path, fine, DlisFrame(PLAIN, name="main"))
    np.testing.assert_array_equal(well.axis, METRES)
    np.testing.assert_array_equal(well.channel("GR"), GR)
    np.testing.assert_array_equal(well.channel("PEF"), np.concatenate([[np.nan], pef[4::5]]))
    (finding,) = (finding for finding in well.findings if finding.code == "frame-thinned")
    assert "PEF at 196 depths" in finding.found
    assert "read_dlis(path, frame=1)" in finding.remedy
    assert codes(well, severity="warning") == []


def test_a_frame_of_coarser_steps_or_between_the_depths_is_left_out(tmp_path: Path):
    coarse = {"DEPT": (METRES[::2].copy(), "m"), "PEF": (np.full(ROWS // 2, 3.0), "b/e")}
    between = {"DEPT": (1000.03 + 0.1 * np.arange(200), "m"), "SP": (np.full(200, -30.0), "mV")}
    frames = DlisFrame(PLAIN, name="main"), DlisFrame(coarse, name="coarse"), DlisFrame(between, name="between")
    well = read_of(tmp_path, *frames)
    assert well.names == ("GR", "RHOB")
    assert codes(well, severity="warning") == ["other-section", "other-section"]


def test_a_second_well_is_named(tmp_path: Path):
    data = dlis_bytes(("A-1", [DlisFrame(PLAIN)]), ("B-2", [DlisFrame(PLAIN)]))
    (tmp_path / "x.dlis").write_bytes(data)
    well = read(tmp_path / "x.dlis")
    assert well.name == "A-1"
    (finding,) = well.findings
    assert (finding.severity, finding.code) == ("warning", "other-section")
    assert "'B-2'" in finding.found
    assert read_dlis(tmp_path / "x.dlis", frame=2).name == "B-2"


def test_repeated_names_are_ambiguous_unless_equal(tmp_path: Path):
    for other, found in ((GR + 1, "ambiguous-curve"), (GR, "curve-chosen")):
        two = {"DEPT": (METRES, "m"), "GR": (GR, "gAPI"), "XX": (other, "gAPI")}
        data = dlis_bytes(("A-1", [DlisFrame(two)])).replace(b"\x02XX", b"\x02GR")  # dliswriter refuses equal names
        (tmp_path / "x.dlis").write_bytes(data)
        well = read(tmp_path / "x.dlis")
        assert set(well.names) == ({"GR:1", "GR:2"} if found == "ambiguous-curve" else {"GR", "GR:2"})
        assert found in codes(well)


def test_stated_ends_that_differ_from_the_depths(tmp_path: Path):
    stated = {"index_min": 1000.0, "index_max": 1100.0, "spacing": 0.5}
    well = read_of(tmp_path, DlisFrame(PLAIN, attributes=stated))
    (finding,) = well.findings
    assert finding.code == "truncated"
    assert "INDEX-MAX" in finding.expected


def test_depths_that_go_up_and_down_are_refused_with_the_row(tmp_path: Path):
    depths = METRES.copy()
    depths[20] = 900
    with pytest.raises(UnreadableFileError) as caught:
        read_of(tmp_path, DlisFrame({"DEPT": (depths, "m"), "GR": (GR, "gAPI")}))
    (finding,) = (f for f in caught.value.findings if f.severity == "error")
    assert finding.code == "depth-not-monotonic"
    assert finding.where == "logical file 1, frame 60B, row 21"


def test_no_frame_indexed_by_depth(tmp_path: Path):
    time = {"TIME": (0.5 * np.arange(ROWS), "s"), "GR": (GR, "gAPI")}
    with pytest.raises(UnreadableFileError) as caught:
        read_of(tmp_path, DlisFrame(time, index_type="NON-STANDARD"))
    assert caught.value.findings[0].code == "no-depth-index"
    assert "index 'TIME' in 's'" in caught.value.findings[0].found


def test_a_file_that_was_cut_off_gives_its_rows(tmp_path: Path):
    whole = dlis_bytes(("A-1", [DlisFrame(PLAIN)]))
    (tmp_path / "x.dlis").write_bytes(whole[:-400])
    well = read(tmp_path / "x.dlis")
    assert codes(well, severity="warning")[0] == "damaged-records"
    assert 2 <= well.axis.size < ROWS
    np.testing.assert_array_equal(well.channel("GR"), GR[: well.axis.size])


@pytest.mark.parametrize("data", [b"~Version\n" * 900, b"\0" * 5000, b"x", dlis_bytes(("A", [DlisFrame(PLAIN)]))[:300]])
def test_what_is_no_dlis_is_refused(data: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "x.dlis").write_bytes(data)
    with pytest.raises(UnreadableFileError) as caught:
        read(tmp_path / "x.dlis")
    assert [finding.code for finding in caught.value.findings] == ["not-dlis"]
    assert capfd.readouterr() == ("", "")


def test_a_file_that_crashes_the_library_is_refused(tmp_path: Path):
    """A text that is longer than the record that holds it, of which dlisio 1.0.4 dies."""
    data = dlis_bytes(("A-1", [DlisFrame(PLAIN)]))
    place = data.index(b"%\x14")  # the first value of the origin
    (tmp_path / "x.dlis").write_bytes(data[: place + 2] + b"\xf6" + data[place + 3 :])
    with pytest.raises(UnreadableFileError) as caught:
        read(tmp_path / "x.dlis")
    assert caught.value.findings[0].code == "not-dlis"
    assert "crashes the library" in caught.value.findings[0].found


def test_without_the_library_the_refusal_names_file_and_remedy(tmp_path: Path):
    (tmp_path / "x.dlis").write_bytes(dlis_bytes(("A-1", [DlisFrame(PLAIN)])))
    code = (
        "import sys; sys.modules['dlisio'] = None\n"
        "from pathlib import Path; from aemodels.io import read; from aemodels.core.errors import UnreadableFileError\n"
        "try:\n    read(Path(sys.argv[1]))\n"
        "except UnreadableFileError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x.dlis")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert "[no-driver]" in done.stdout
    assert "x.dlis" in done.stdout
    assert "pip install 'sondeflow[dlis]'" in done.stdout


def test_reading_other_formats_does_not_import_the_library():
    code = "import sys, aemodels.io; print('dlisio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
