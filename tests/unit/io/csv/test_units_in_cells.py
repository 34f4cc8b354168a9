"""CSV files with units behind the numbers, and with a mark at the ends of rows that delimits nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.core.types import Recording
from aemodels.io.csv.reader import read_csv
from aemodels.io.csv.scored_copy import write_scored_csv
from helpers.scored import scored

GR = [40.5, 50.0, 60.25, 55.5]
DT = [85.2, 86.4, np.nan, 90.0]
HEAD = "DEPTH (m),GR (gAPI),DT"
UNITS = {
    "one column": f"{HEAD}\n1000,40.5,85.2 us/ft\n1001,50,86.4 us/ft\n1002,60.25,\n1003,55.5,90 us/ft\n",
    "without a blank, other case": f"{HEAD}\n1000,40.5,85.2us/ft\n1001,50,86.4 US/FT\n1002,60.25,\n1003,55.5,90us/ft\n",
    "all columns": (
        "DEPTH,GR,DT\n1000 m,40.5 gAPI,85.2 us/ft\n1001 m,50 gAPI,86.4 us/ft\n"
        "1002 m,60.25 gAPI,\n1003 m,55.5 gAPI,90 us/ft\n"
    ),
    "decimal commas": (
        "DEPTH;GR;DT\n1000 m;40,5 gAPI;85,2 us/ft\n1001 m;50,0 gAPI;86,4 us/ft\n"
        "1002 m;60,25 gAPI;\n1003 m;55,5 gAPI;90,0 us/ft\n"
    ),
    "said in the header too": (
        f"{HEAD} (us/ft)\n1000,40.5,85.2 us/ft\n1001,50,86.4 us/ft\n1002,60.25,\n1003,55.5,90.0 us/ft\n"
    ),
    "other unit": f"{HEAD}\n1000,40.5,279.5276 us/m\n1001,50,283.4646 us/m\n1002,60.25,\n1003,55.5,295.2756 us/m\n",
}
ENDS = {
    "semicolon": f"{HEAD} (us/ft);\n1000,40.5,85.2;\n1001,50,86.4;\n1002,60.25,;\n1003,55.5,90;\n",
    "semicolon, not in the header": f"{HEAD} (us/ft)\n1000,40.5,85.2;\n1001,50,86.4;\n1002,60.25,;\n1003,55.5,90;\n",
    "semicolon behind tabs": f"{HEAD} (us/ft)\n1000,40.5,85.2 ;\n1001,50,86.4 ;\n1002,60.25,;\n1003,55.5,90;".replace(
        ",", "\t"
    ),
    "bar": f"{HEAD} (us/ft)|\r\n1000,40.5,85.2|\r\n1001,50,86.4|\r\n1002,60.25,|\r\n1003,55.5,90|\r\n",
}


def recording(folder: Path, text: str) -> Recording:
    (folder / "w.csv").write_bytes(text.encode())
    return read_csv(folder / "w.csv")


def codes(well: Recording) -> set[str]:
    return {finding.code for finding in well.findings}


@pytest.mark.parametrize("text", [*UNITS.values(), *ENDS.values()], ids=[*UNITS, *ENDS])
def test_the_numbers_are_read_and_the_copy_reads_back_equal(text: str, tmp_path: Path):
    well = recording(tmp_path, text)
    np.testing.assert_array_equal(well.axis, [1000, 1001, 1002, 1003])
    np.testing.assert_allclose(well.channel("GR"), GR, rtol=1e-6)
    np.testing.assert_allclose(well.channel("DTC"), DT, rtol=1e-6)
    assert codes(well) <= {"curve-renamed", "unit-converted"}
    scores = scored(well)
    write_scored_csv(tmp_path / "w.csv", tmp_path / "copy.csv", well, scores, "")
    again = read_csv(tmp_path / "copy.csv")
    assert "ANOM_GR" in {channel.name for channel in again.channels}
    for channel, values in zip(well.channels, well.values, strict=True):
        np.testing.assert_array_equal(again.channel(channel.name), values)


def test_the_unit_of_the_cells_takes_precedence_over_another_in_the_header(tmp_path: Path):
    well = recording(tmp_path, UNITS["other unit"].replace(HEAD, f"{HEAD} (us/ft)"))
    np.testing.assert_allclose(well.channel("DTC"), DT, rtol=1e-6)
    (finding,) = [finding for finding in well.findings if finding.code == "unit-contradicted"]
    assert finding.severity == "warning"
    assert "us/ft by its name, in us/m by its cells" in finding.found


def test_a_cell_with_another_unit_than_the_others_is_missing_and_told(tmp_path: Path):
    well = recording(tmp_path, UNITS["one column"].replace("86.4 us/ft", "283.5 us/m"))
    np.testing.assert_allclose(well.channel("DTC"), [85.2, np.nan, np.nan, 90.0], rtol=1e-6)
    assert "unreadable-cell" in codes(well)


def test_words_behind_numbers_are_no_units(tmp_path: Path):
    well = recording(
        tmp_path, f"{HEAD} (us/ft),ROCK\n1000,40.5,85.2,5 sand\n1001,50,86.4,6 sand\n1002,60.25,80,7 sand\n"
    )
    assert {channel.name for channel in well.channels} == {"GR", "DTC"}
    assert "text-column" in codes(well)
