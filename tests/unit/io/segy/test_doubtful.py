"""Files whose headers contradict themselves, the file's size or the standard."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.findings import Finding
from aemodels.core.types import Recording
from aemodels.io import HeaderPositions
from helpers.segy_files import ACROSS, LINES, RNG, cube, read_bytes
from helpers.segy_files import CUBE_SAMPLES as SAMPLES
from helpers.segy_files import CUBE_WAVES as WAVES


def finding(line: Recording) -> Finding:
    (only,) = line.findings
    return only


def test_the_helper_writes_a_sound_file(tmp_path: Path):
    line = read_bytes(tmp_path, cube())
    assert line.findings == ()
    np.testing.assert_array_equal(line.values, WAVES)
    assert line.channels[7].headers == {
        **{"trace": 7, "inline": 101, "crossline": 501},
        **{"cdp_x": 15525.0, "cdp_y": 6525.0, "offset": 0},
    }


@pytest.mark.parametrize(
    ("first", "second", "revision"), [(0, 0, "0.0"), (1, 0, "1.0"), (0, 1, "1.0"), (2, 0, "2.0"), (2, 1, "2.1")]
)
def test_every_revision_is_read_and_named(tmp_path: Path, first: int, second: int, revision: str):
    line = read_bytes(tmp_path, cube((3501, "B", first), (3502, "B", second)))
    assert line.headers["revision"] == revision
    assert line.findings == ()


def test_an_unknown_revision_is_told(tmp_path: Path):
    assert finding(read_bytes(tmp_path, cube((3502, "B", 16)))).code == "revision-unknown"


def test_the_fields_of_revision_2_overrule_the_older_ones(tmp_path: Path):
    fields = [(3501, "B", 2), (3221, "H", 7), (3269, "i", SAMPLES), (3217, "H", 9), (3273, "d", 1250.5)]
    data = cube(*fields, (3513, "Q", 24), (3521, "Q", 3600 + 77), (3529, "i", 1), between=bytes(77)) + bytes(3200)
    for number in range(24):  # the traces know their interval in whole us only
        place = 3677 + number * (240 + 4 * SAMPLES) + 116
        data = data[:place] + struct.pack(">H", 1250) + data[place + 2 :]
    line = read_bytes(tmp_path, data)
    assert line.findings == ()
    np.testing.assert_array_equal(line.values, WAVES)
    assert line.axis[-1] == pytest.approx((SAMPLES - 1) * 1250.5e-6, rel=1e-12)


def test_extra_trace_headers_are_passed_over(tmp_path: Path):
    plain = cube((3501, "B", 2), (3507, "i", 1))
    size = 240 + 4 * SAMPLES
    traces = [plain[place : place + size] for place in range(3600, len(plain), size)]
    data = plain[:3600] + b"".join(trace[:240] + b"\x55" * 240 + trace[240:] for trace in traces)
    line = read_bytes(tmp_path, data)
    np.testing.assert_array_equal(line.values, WAVES)
    assert line.channels[-1].headers["crossline"] == 505


def test_nonsense_in_the_fields_of_revision_2_is_told(tmp_path: Path):
    line = read_bytes(tmp_path, cube((3501, "B", 2), (3521, "Q", 2**60)))
    assert finding(line).code == "revision-fields"
    np.testing.assert_array_equal(line.values, WAVES)


def test_a_file_cut_between_traces_is_told_by_its_declared_count(tmp_path: Path):
    data = cube((3501, "B", 2), (3513, "Q", 24))[: -6 * (240 + 4 * SAMPLES)]
    line = read_bytes(tmp_path, data)
    assert (finding(line).code, finding(line).severity) == ("trace-count-conflict", "warning")
    np.testing.assert_array_equal(line.values, WAVES[:18])


@pytest.mark.parametrize("missing", [1, 5])
def test_a_file_cut_between_traces_is_told_by_its_last_line(tmp_path: Path, missing: int):
    line = read_bytes(tmp_path, cube()[: -missing * (240 + 4 * SAMPLES)])
    assert finding(line).code == "last-line-short"
    assert finding(line).where == "trace 18"


def test_extended_text_up_to_its_end_mark(tmp_path: Path):
    notes = "((SEG: Notes ver 1.0)) hello".ljust(3200) + "((SEG: EndText))".ljust(3200)
    line = read_bytes(tmp_path, cube((3505, "h", -1), between=notes.encode("cp037")))
    assert line.findings == ()
    first, last = line.headers["extended_texts"]
    assert first.rstrip() == "((SEG: Notes ver 1.0)) hello"
    assert last.rstrip() == "((SEG: EndText))"
    np.testing.assert_array_equal(line.values, WAVES)


@pytest.mark.parametrize("declared", [-1, -7, 3, 12000])
def test_extended_headers_that_are_not_there(tmp_path: Path, declared: int):
    line = read_bytes(tmp_path, cube((3505, "h", declared)))
    assert finding(line).code == "extended-headers"
    np.testing.assert_array_equal(line.values, WAVES)


@pytest.mark.parametrize("declared", [0, 29, 31, 40000])
def test_the_traces_know_the_sample_count_better(tmp_path: Path, declared: int):
    line = read_bytes(tmp_path, cube((3221, "H", declared)))
    assert finding(line).code == "sample-count-conflict"
    np.testing.assert_array_equal(line.values, WAVES)


def test_a_trace_that_claims_another_length_is_named(tmp_path: Path):
    line = read_bytes(tmp_path, cube(trace={9: [(115, "H", 12)]}))
    assert (finding(line).code, finding(line).where) == ("sample-count-conflict", "trace 9")


def test_a_trace_that_claims_another_interval_is_named(tmp_path: Path):
    line = read_bytes(tmp_path, cube(trace={9: [(117, "H", 4000)], 11: [(117, "H", 4000)]}))
    assert (finding(line).code, finding(line).where) == ("interval-conflict", "trace 9 and 1 more")
    assert line.axis[1] == pytest.approx(0.002)


def test_scalars_that_differ_are_told_and_applied(tmp_path: Path):
    line = read_bytes(tmp_path, cube(trace={5: [(71, "h", -100)]}))
    assert (finding(line).code, finding(line).where) == ("scalar-conflict", "trace 5")
    assert line.channels[5].headers["cdp_x"] == pytest.approx((3000 + 25 * 505) / 100)


def test_a_scalar_of_no_meaning_is_told(tmp_path: Path):
    assert finding(read_bytes(tmp_path, cube(trace={0: [(71, "h", 21)]}))).code == "scalar-implausible"


@pytest.mark.parametrize("pair", [(9, 21), (17, 21), (5, 21), (221, 225)])
@pytest.mark.parametrize("coordinates", [(73, 77), (81, 85)])
def test_older_places_are_found_and_recorded(tmp_path: Path, pair: tuple[int, int], coordinates: tuple[int, int]):
    line = read_bytes(tmp_path, cube(places=(*pair, *coordinates)))
    assert [(f.severity, f.code) for f in line.findings] == [
        ("info", "line-positions"),
        ("info", "coordinate-positions"),
    ]
    assert line.channels[7].headers["inline"] == 101
    assert line.channels[7].headers["crossline"] == 501
    assert (line.channels[7].headers["cdp_x"], line.channels[7].headers["cdp_y"]) == (15525.0, 6525.0)
    assert tuple(line.headers["positions"].values()) == (*pair, *coordinates)


def test_places_can_be_stated(tmp_path: Path):
    places = HeaderPositions(inline=13, crossline=25, cdp_x=201, cdp_y=205)
    line = read_bytes(tmp_path, cube(places=(13, 25, 201, 205)), places)
    assert line.findings == ()
    assert (line.channels[7].headers["crossline"], line.channels[7].headers["cdp_y"]) == (501, 6525.0)


def test_stated_places_lie_within_the_header():
    with pytest.raises(ValueError, match="237"):
        HeaderPositions(inline=238)


def test_text_in_the_place_of_a_line_number(tmp_path: Path):
    text = {number: [(193, "i", 0x40404040)] for number in range(24)}
    line = read_bytes(tmp_path, cube(places=(9, 21, 181, 185), trace=text))
    assert finding(line).code == "line-positions"
    assert line.channels[7].headers["crossline"] == 501


def test_text_and_no_other_place(tmp_path: Path):
    text = {number: [(193, "i", 0x40404040)] for number in range(24)}
    line = read_bytes(tmp_path, cube(trace=text))
    assert finding(line).code == "implausible-header"
    assert line.channels[7].headers["crossline"] == 0x40404040


def test_a_shot_record_is_no_grid(tmp_path: Path):
    """Field record and ensemble differ from trace to trace, but so do the offsets: no inlines."""
    offsets = {number: [(37, "i", 25 * (number % ACROSS))] for number in range(24)}
    line = read_bytes(tmp_path, cube(places=(9, 21, 73, 77), trace=offsets))
    assert [f.code for f in line.findings] == ["no-lines"]
    assert {channel.headers["inline"] for channel in line.channels} == {0}
    assert {channel.headers["cdp_x"] for channel in line.channels} == {0.0}


def test_a_single_line_takes_its_ensemble_numbers(tmp_path: Path):
    ensembles = {number: [(21, "i", 1000 + number)] for number in range(24)}
    line = read_bytes(tmp_path, cube(places=(1, 1, 181, 185), trace=ensembles))
    assert finding(line).code == "line-positions"
    assert [channel.headers["crossline"] for channel in line.channels] == list(range(1000, 1024))


@pytest.mark.parametrize("codec", ["cp037", "ascii"])
def test_text_headers_in_either_code(tmp_path: Path, codec: str):
    data = "C 1 CLIENT Dr. Mueller".ljust(3200).encode(codec) + cube()[3200:]
    line = read_bytes(tmp_path, data)
    assert line.headers["text"].startswith("C 1 CLIENT Dr. Mueller")
    assert line.headers["text_codec"] == codec


def test_unsorted_traces_keep_their_own_headers(tmp_path: Path):
    data, size = cube(), 240 + 4 * SAMPLES
    order = RNG.permutation(LINES * ACROSS)
    shuffled = data[:3600] + b"".join(data[3600 + n * size : 3600 + (n + 1) * size] for n in order)
    line = read_bytes(tmp_path, shuffled)
    assert line.findings == ()
    np.testing.assert_array_equal(line.values, WAVES[order])
    assert [channel.headers["inline"] for channel in line.channels] == [100 + n // ACROSS for n in order]


def test_gathers_keep_lines_and_offsets(tmp_path: Path):
    """A pre-stack volume of two offsets a bin, its lines at the places of revision 0."""
    fold = {n: [(37, "i", 100 * (n % 2)), (21, "i", 500 + n // 2 % 3), (9, "i", 100 + n // 6)] for n in range(24)}
    line = read_bytes(tmp_path, cube(places=(231, 235, 181, 185), trace=fold))
    assert [f.code for f in line.findings] == ["line-positions"]
    headers = line.channels[15].headers
    assert (headers["inline"], headers["crossline"], headers["offset"]) == (102, 501, 100)
