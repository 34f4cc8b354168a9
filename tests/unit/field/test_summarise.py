"""Summaries of scored wells and lines have the planted lengths."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aemodels.field.summarise import summarise_line, summarise_well
from aemodels.field.summary import FileSummary

STEP, ROWS = 0.5, 2000
PLACE = {"sha256": "ab" * 32, "source": "in/A-1.las", "bundle": "logs-v1", "scores": "s.parquet", "report": "r.html"}


def well_columns() -> dict[str, np.ndarray]:
    """GR with 10 m flagged, 20 m stuck, a gap of 15 m and 12 m on a straight line; RHOB is absent."""
    values = np.round(60 + 20 * np.random.default_rng(0).random(ROWS), 3).astype(np.float32)
    values[100:140] = values[100]
    values[300:330] = np.nan
    values[500:524] = np.linspace(40.0, 90.0, 24)
    values[700] = -5.0
    flag = np.zeros(ROWS, bool)
    flag[900:920] = True
    suspect = flag.copy()
    suspect[1000:1010] = True
    return {
        "depth": 100.0 + STEP * np.arange(ROWS),
        "score": np.where(np.isnan(values), np.nan, 0.1).astype(np.float32),
        "is_anomaly": flag,
        "suspect": suspect,
        "judged": np.arange(ROWS) >= 50,
        "reason": np.where(flag, np.where(np.arange(ROWS) < 915, "spike", "noise"), "").astype(object),
        "GR": values,
        "GR_DN": values + np.float32(0.1),
        "BADLOG_GR": flag,
        "RHOB": np.full(ROWS, np.nan, np.float32),
        "RHOB_DN": np.full(ROWS, np.nan, np.float32),
        "BADLOG_RHOB": np.zeros(ROWS, bool),
    }


def summary(about: dict | None = None) -> FileSummary:
    return summarise_well(well_columns(), ["GR", "RHOB"], {**PLACE, "about": about or {}})


def test_lengths_of_a_well_are_the_planted_ones() -> None:
    found = summary()
    assert (found.name, found.kind, found.findings) == ("A-1", "logs", None)
    assert (found.top, found.base) == (100.0, 1099.5)
    assert (found.scored, found.flagged, found.suspect, found.not_judged) == (985.0, 10.0, 5.0, 25.0)
    assert found.reasons == {"spike": 7.5, "noise": 2.5}


def test_lengths_of_a_curve_are_the_planted_ones() -> None:
    gamma, density = summary().curves
    assert (gamma.observed, gamma.gap, gamma.gaps, gamma.flagged) == (985.0, 15.0, 1, 10.0)
    assert (gamma.stuck, gamma.interpolated, gamma.outside) == (20.0, 12.0, 0.5)
    assert gamma.bad == 10.0 + 20.5 + 12.0
    assert gamma.quality == pytest.approx(1 - (42.5 + 15.0) / 1000.0)
    assert gamma.noise == pytest.approx(1.4826 * 0.1 / 18.0, rel=0.05)
    assert (density.observed, density.quality, density.median) == (0.0, None, None)


def test_coverage_has_a_bit_per_bin_with_a_reading() -> None:
    gamma = summary().curves[0]
    bins = {n for n in range(60) if gamma.coverage >> n & 1}
    assert bins == set(range(4, 44)), "100 to 1099.5 m in bins of 25 m"


def test_the_header_and_the_findings_come_from_the_metadata() -> None:
    about = {
        "name": "Dubois #8X",
        "headers": {"SRVC": "Log Tech", "DATE": "5-8-2012", "LATI": "38.5", "LONG": "-98.2"},
        "curves": [["GR", "GRD"], ["XX1", "XX1"]],
        "findings": [["warning", "unit-missing", "curve GR", "no unit"], ["info", "curve-renamed", "x", "y"]],
        "bad_hole_m": 3.5,
    }
    found = summary(about)
    assert (found.name, found.contractor, found.year, found.bad_hole) == ("Dubois #8X", "LOG TECH", 2012, 3.5)
    assert (found.position, found.unfamiliar, found.count("warning")) == (("degrees", -98.2, 38.5), ["XX1"], 1)
    assert found.curves[0].mnemonic == "GRD"


def test_a_summary_survives_json() -> None:
    found = summary({"headers": {"LATI": "38.5", "LONG": "-98.2"}})
    again = FileSummary.from_json(json.loads(json.dumps(found.to_json())))
    assert again.curves == found.curves
    assert json.dumps(again.to_json()) == json.dumps(found.to_json())


def test_a_line_is_counted_in_traces_and_has_its_ends() -> None:
    flag = np.arange(100) < 7
    columns = {
        "trace": np.arange(100),
        "cdp_x": np.where(np.arange(100) == 0, 0.0, 1000.0 + 25 * np.arange(100)),
        "cdp_y": np.where(np.arange(100) == 0, 0.0, 5000.0),
        "score": np.ones(100, np.float32),
        "is_anomaly": flag,
        "suspect": flag,
        "judged": np.ones(100, bool),
        "reason": np.where(flag, "dead", "").astype(object),
    }
    found = summarise_line(columns, {**PLACE, "source": "L-1.sgy", "about": {}})
    assert (found.name, found.scored, found.flagged, found.base) == ("L-1", 100.0, 7.0, 99.0)
    assert found.position == ("grid", 1025.0, 5000.0, 3475.0, 5000.0), "a trace without coordinates is not an end"
