"""Logging tools that headers name, and the faults by tool."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.field.headers import describe_file
from aemodels.field.scorecard import NOT_NAMED, make_scorecard
from aemodels.field.summary import CurveSummary, FileSummary
from aemodels.field.tools import curve_tool, file_tools
from aemodels.io import read
from helpers.frame_files import DlisFrame, LisChannel, LisFrame, dlis_bytes, lis_bytes
from helpers.paths import FIELD_DATA
from helpers.recordings import make_well
from helpers.scored import scored

DEPTH = np.arange(1000.0, 1050.0, 0.5)
GAMMA = np.round(60 + 10 * np.sin(DEPTH), 3)


@pytest.mark.parametrize(
    ("channel", "whole", "tool"),
    [
        ({"description": "Litho (LDP-DA) Corrected Long Spaced Photo Absorption Factor"}, "", "LDP-DA"),
        ({"description": "Micro Spherically Focused Tool (MST-DA) Caliper (Diameter)"}, "", "MST-DA"),
        ({"description": "RESD - DEEP RESISTIVITY (DIL)", "api_code": "00 120 00 00"}, "", "DIL"),
        ({"description": "NEUTRON POROSITY (LIMESTONE)", "api_code": "00 330 00 00"}, "", ""),
        ({"description": "GAMMA RAY FROM DENSITY LOG", "api_code": "45 310 01 00"}, "", "density tool (API 45)"),
        ({"description": "20 MEDIUM INDUCTION", "api_code": "7 120 44 0"}, "", "dual induction tool (API 07)"),
        ({"description": "", "api_code": "45 310 01 00"}, "PEX", "PEX"),
        ({"description": "", "api_code": "88 310 01 00"}, "", "API log code 88"),
        ({"description": "UNKNOWN", "api_code": "123456"}, "", ""),
        ({"tool": "aith-a", "description": "(LDP-DA)"}, "PEX", "AITH-A"),
        ({}, "", ""),
    ],
)
def test_the_tool_of_a_curve(channel, whole, tool) -> None:
    assert curve_tool(channel, whole) == tool


def test_the_tools_of_a_file() -> None:
    assert file_tools({"FILE-ID": "R2D1_OBMI_MSIP_RTSCANNER"}) == "OBMI MSIP RTSCANNER"
    assert file_tools({"TLID": "HRLT", "FILE-ID": "AIT_1"}) == "HRLT"
    assert file_tools({"TOOL": "4711", "TOOL_STRING": "none", "SRVC": "Log Tech"}) == ""


def las(*parameters: str, curve: str = "GR.GAPI : Gamma ray") -> str:
    head = ["~V", "VERS. 2.0 :", "WRAP. NO :", "~W", "STRT.M 1000 :", "STOP.M 1049.5 :", "STEP.M 0.5 :"]
    body = [f"{depth} {value}" for depth, value in zip(DEPTH, GAMMA, strict=True)]
    return "\n".join([*head, "NULL. -999.25 :", "~P", *parameters, "~C", "DEPT.M :", curve, "~A", *body, ""])


@pytest.mark.parametrize(
    ("content", "name", "tool"),
    [
        (las("TOOL . SGT-N : Tool string"), "a.las", "SGT-N"),
        (las("TLID.       PEX_1 : Tool identifier", "BHT.DEGC 60 :"), "a.las", "PEX_1"),
        (las(curve="GR.GAPI 45 310 01 00 : Gamma ray"), "a.las", "density tool (API 45)"),
        (las("RUN. 1 : Run number"), "a.las", ""),
        (dlis_bytes(("A", [DlisFrame({"DEPT": (DEPTH, "m"), "GR": (GAMMA, "gAPI")}, tools={"GR": "HGNS-B"})])),
         "a.dlis", "HGNS-B"),
        (dlis_bytes(("A", [DlisFrame({"DEPT": (DEPTH, "m"), "GR": (GAMMA, "gAPI")})])), "a.dlis", ""),
        (lis_bytes(("A", [LisFrame([LisChannel("DEPT", "M", DEPTH), LisChannel("GR", "GAPI", GAMMA, tool="SGTE")])])),
         "a.lis", "SGTE"),
    ],
    ids=["TOOL", "TLID", "API code", "none", "DLIS", "DLIS without", "LIS"],
)  # fmt: skip
def test_a_file_says_by_which_tool_a_curve_was_measured(content, name, tool, tmp_path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    well = read(path)
    about = describe_file(well, scored(dataclasses.replace(make_well("A-1"), findings=())))
    assert [one[2] for one in about["curves"] if one[0] == "GR"] == [tool]


def test_public_wells_name_their_tools() -> None:
    path = FIELD_DATA / "wells" / "wyoming_dj_basin" / "2120913D.las"
    if not path.exists():
        pytest.skip("the public field data are not here")
    about = describe_file(read(path), scored(make_well("A-1")))
    assert {tool for *_, tool in about["curves"]} == {"AIT SONIC TLD MCFL"}


def test_faults_are_counted_by_tool() -> None:
    def file(name: str, *curves: CurveSummary) -> FileSummary:
        return FileSummary("logs", name, f"{name}.las", name, "logs-v1", f"{name}.parquet", curves=curves)

    density = CurveSummary("RHOB", "RHOZ", observed=100.0, flagged=30.0, tool="LDT")
    caliper = CurveSummary("CALI", "CALI", observed=100.0, tool="LDT")
    sonic = CurveSummary("DTC", "DT", observed=200.0, flagged=10.0, tool="BHC")
    gamma = CurveSummary("GR", "GR", observed=50.0, flagged=50.0)
    rows = make_scorecard([file("a", density, caliper), file("b", sonic, gamma), file("c", density)]).groups["tool"]
    assert [(row["group"], row["files"], row["scored"], row["flagged"]) for row in rows] == [
        ("LDT", 2, 300.0, 60.0),
        ("BHC", 1, 200.0, 10.0),
        (NOT_NAMED, 1, 50.0, 50.0),
    ]
