"""Locations of wells and lines, from header texts as public files hold them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.types import Recording
from aemodels.field.headers import describe_file
from aemodels.field.location import line_position, position
from aemodels.field.summarise import summarise_line
from aemodels.io import read
from helpers.paths import FIELD_DATA, ROOT
from helpers.recordings import make_well
from helpers.scored import scored


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"LATI": "58.5", "LONG": "2.25"}, ("degrees", 2.25, 58.5)),
        ({"LAT": "58 30 00 N", "LON": "002 15' 00\" W"}, ("degrees", -2.25, 58.5)),
        ({"LATI": "-33.1", "LONG": "-60.2"}, ("degrees", -60.2, -33.1)),
        ({"LATI": "0", "LONG": "0"}, None),
        ({"LATI": "58 75 00", "LONG": "2"}, None),
        ({"LATI": "unknown", "LONG": "2", "X": "450000", "Y": "6500000.5"}, ("grid", 450000.0, 6500000.5)),
        ({"X": "1e300", "Y": "nan"}, None),
        ({"LATI": "58.5 degrees", "LONG": "2.25 degrees"}, ("degrees", 2.25, 58.5)),
        ({"LATI": "10\u00b0 34' 29.000\" N", "LONG": "89\u00b0 30' 1.000\" W"}, ("degrees", -89.500278, 10.574722)),
        ({"LATI": "0\ufffd 00' 4.000\" S", "LONG": "10\ufffd 00' 10.00\" E"}, ("degrees", 10.002778, -0.001111)),
        ({"LATI": "N 58 30.5", "LONG": "E 002 15.25"}, ("degrees", 2.254167, 58.508333)),
        ({"LATI": "583030.0 N", "LONG": "0021515 W"}, ("degrees", -2.254167, 58.508333)),
        ({"LATI": "58.5 South", "LONG": "2.25 West"}, ("degrees", -2.25, -58.5)),
        ({"LATI": "00\u00b0 40' 24.000\" N", "LONG": "00\u00b0 96' 01.000\" W"}, None),
        ({"LATI": "-999.25", "LONG": "-999.25"}, None),
        ({"FL1": "9000,900.00 ftUS E", "FL2": "20,700,400.00 ftUS N"}, ("grid", 2743474.32, 6309481.92)),
        ({"FL1": "E 512345.000", "FL2": "N 6123456.5"}, ("grid", 512345.0, 6123456.5)),
        ({"LOC1": "X: -1000000.00 ft, Y: 50000.5 ft"}, ("grid", -304800.0, 15240.152)),
        ({"LOC2": "653 FSL 824 FWL", "LOC1": "W2 E2 SW SW", "LOC": "21-22S-18E"}, None),
        ({"LOC": "955 South, 877 West, from NE corner"}, None),
        ({}, None),
    ],
)
def test_positions(header: dict[str, str], expected: object) -> None:
    assert position(header) == expected


@pytest.mark.parametrize(
    ("east", "north", "zone", "place"),
    [
        (833_978.557, 0.0, "31N", (6.0, 0.0)),  # the edge of a zone at the equator
        (630_084.0, 4_833_438.0, "17T", (-79.38714, 43.64257)),  # CN Tower, Toronto
        (448_251.9, 5_411_943.8, "31U", (2.2945, 48.8583)),  # Eiffel Tower
    ],
)
def test_utm_coordinates_are_those_of_known_places(east, north, zone, place) -> None:
    kind, *found = position({"X": str(east), "Y": str(north), "ZONE": zone})
    assert kind == "degrees"
    assert found == pytest.approx(place, abs=2e-5)


def test_the_southern_hemisphere_mirrors_the_northern() -> None:
    _, longitude, latitude = position({"X": "630084", "Y": "4833438", "ZONE": "17T"})
    south = {"X": "630084", "Y": str(10_000_000 - 4_833_438), "ZONE": "17G"}
    assert position(south) == ("degrees", longitude, -latitude)


def test_coordinates_outside_utm_stay_grid_coordinates() -> None:
    assert position({"X": "5000000", "Y": "4833438", "ZONE": "17T"}) == ("grid", 5_000_000.0, 4_833_438.0)


def test_grid_coordinates_of_a_utm_zone_become_degrees_and_others_stay() -> None:
    # of the Kansas Geological Survey's Wellington KGS 1-32, which states both; its X and Y refer to NAD 27
    grid = {"X": "638021.23", "Y": "4130799.98"}
    for zone in ({"HZCS": "UTM", "UTM": "14.0"}, {"HZCS": "UTM 14"}, {"UTM_ZONE": "14N"}, {"ZONE": "14S UTM"}):
        kind, longitude, latitude = position(grid | zone)
        assert kind == "degrees"
        if "ZONE" not in zone:
            assert (longitude, latitude) == pytest.approx((-97.4424, 37.3153), abs=0.002)
    assert position(grid | {"ZONE": "4"}) == ("grid", 638021.23, 4130799.98), "of a state plane, not of UTM"
    assert position({"X": "2464256.21", "Y": "3744325.38"}, {"X": "FEET", "Y": "ft"}) == pytest.approx(
        ("grid", 751105.293, 1141270.376)
    )


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("las/kgs_Wellington_KGS-1-32.las", ("degrees", -97.4424, 37.3153)),
        ("las/lasio_6038187_v1.2_short.las", ("degrees", 135.623448, -29.951459)),  # X, Y, ZONE in the parameters
        ("las/lasio_1001178549.las", ("degrees", -101.58701, 37.41565)),  # LAT and LONG in the parameters
        ("las/lasio_3.0_las-30a-revised-2010.las", ("degrees", -102.34567, 34.56789)),
        ("wells/alaska_npra/Koluktak1.las", ("degrees", -154.611139, 69.752392)),
        ("force2020/16_2-16.las", ("grid", 476766.875, 6523605.0)),  # X_LOC and Y_LOC are curves
        ("wells/wyoming_dj_basin/2120913D.las", None),  # LATI and LONG without a value
    ],
)
def test_public_wells_are_where_their_files_say(file, place) -> None:
    path = FIELD_DATA / file
    if not path.exists():
        pytest.skip("the public field data are not here")
    well = read(path)
    about = describe_file(well, scored(_short(well)))
    assert position(about["headers"], about["units"]) == place


def test_coordinates_in_the_parameters_and_in_curves_reach_the_summary(tmp_path) -> None:
    path = tmp_path / "a.las"
    lines = ["~V", "VERS. 2.0 :", "WRAP. NO :", "~W", "STRT.M 1 :", "STOP.M 3 :", "STEP.M 1 :", "NULL. -999.25 :"]
    lines += ["LATI. : LATITUDE", "~P", "X.FT 1000000 : X", "Y.FT 2000000 : Y", "~C", "DEPT.M :", "GR.GAPI :", "~A"]
    path.write_text("\n".join([*lines, "1 10", "2 11", "3 12", ""]))
    well = read(path)
    about = describe_file(well, scored(_short(well)))
    assert position(about["headers"], about["units"]) == ("grid", 304800.0, 609600.0)


def _short(well: Recording) -> Recording:
    """A well with the findings of the reader alone, to describe it by."""
    return dataclasses.replace(make_well("A-1"), findings=well.findings)


@pytest.mark.parametrize(
    ("ends", "unit", "expected"),
    [
        ((-353700.0, 138600.0, -352800.0, 136800.0), "seconds of arc", ("degrees", -98.25, 38.5, -98.0, 38.0)),
        ((-98.25, 38.5, -98.0, 38.0), "decimal degrees", ("degrees", -98.25, 38.5, -98.0, 38.0)),
        ((-981500.0, 383000.0, -980000.0, 380000.0), "degrees, minutes and seconds",
         ("degrees", -98.25, 38.5, -98.0, 38.0)),
        ((450000.0, 6500000.0, 451000.0, 6500500.0), "", ("grid", 450000.0, 6500000.0, 451000.0, 6500500.0)),
        ((450000.0, 6500000.0, 451000.0, 6500500.0), "decimal degrees", None),
    ],
)  # fmt: skip
def test_the_ends_of_a_line_are_in_degrees_if_its_headers_hold_angles(ends, unit, expected) -> None:
    assert line_position(ends, unit) == expected


def test_a_line_with_arc_seconds_is_placed_in_degrees() -> None:
    path = ROOT.parent / "shared" / "cases" / "s05_coordinates_arcseconds.sgy"
    if not path.exists():
        pytest.skip("the odd files are not here")
    line = read(path)
    traces = len(line.channels)
    columns = {name: np.array([c.headers[name] for c in line.channels]) for name in ("cdp_x", "cdp_y")}
    columns |= {"trace": np.arange(traces), "score": np.ones(traces), "reason": np.full(traces, "", object)}
    columns |= {name: np.zeros(traces, bool) for name in ("is_anomaly", "suspect")} | {"judged": np.ones(traces, bool)}
    findings = [[one.severity, one.code, one.where, one.found] for one in line.findings]
    place = {"sha256": "", "source": "a.sgy", "bundle": "", "scores": "", "report": "", "about": {"findings": findings}}
    found = summarise_line(columns, place).position
    assert found[0] == "degrees"
    assert found[1:3] == pytest.approx((columns["cdp_x"][0] / 3600, columns["cdp_y"][0] / 3600))
