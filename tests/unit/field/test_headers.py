"""Headers in one form, and what is stored of a file for the scorecard."""

from __future__ import annotations

import dataclasses
import json

from aemodels.core.findings import Finding
from aemodels.core.types import Channel
from aemodels.field.headers import (
    MAX_FINDINGS,
    MAX_TEXT,
    contractor,
    describe_file,
    unfamiliar_curves,
    well_key,
    year_of_logging,
)
from helpers.recordings import make_well
from helpers.scored import scored

FINDING = Finding("warning", "unit-assumed", "curve NPHI", "no unit", "v/v", "name the unit")


def test_a_file_is_described_by_its_header_curves_and_findings() -> None:
    well = make_well("A-1")
    channels = (*well.channels[:4], Channel("XYZ_77", "", {"mnemonic": "XYZ_77"}))
    well = dataclasses.replace(
        well, channels=channels, headers={"well": {"SRVC": "Log Tech", "N": 3}}, findings=(FINDING,)
    )
    about = describe_file(well, scored(well))
    assert about["name"] == "A-1"
    assert about["headers"] == {"SRVC": "Log Tech", "N": "3"}
    assert about["findings"] == [["warning", "unit-assumed", "curve NPHI", "no unit"]]
    assert about["curves"][-1] == ["XYZ_77", "XYZ_77", ""]
    assert unfamiliar_curves(about["curves"]) == ["XYZ_77"]
    assert about["bad_hole_m"] is None, "no caliper, no density correction"
    assert json.loads(json.dumps(about)) == about


def test_a_damaged_header_cannot_fill_the_metadata() -> None:
    well = make_well("A" * 5000)
    header = {f"K{n}": "x" * 10_000 for n in range(10_000)}
    well = dataclasses.replace(well, headers={"well": header}, findings=(FINDING,) * 1000)
    about = describe_file(well, scored(well))
    assert len(about["name"]) == MAX_TEXT
    assert len(about["findings"]) == MAX_FINDINGS
    assert len(json.dumps(about)) < 120_000


def test_names_that_say_nothing_are_none() -> None:
    assert contractor({"SRVC": "  N/A "}) == ""
    assert contractor({"SRVC": "Baker-Hughes"}) == contractor({"SRVC": "BAKER  HUGHES"}) == "BAKER HUGHES"
    assert year_of_logging({"DATE": "19-1/-19"}) is None
    assert year_of_logging({"DATE": "Sun Aug 05 11-31-13 2012"}) == 2012


def test_files_of_one_well_share_a_key() -> None:
    assert well_key({"API": "15-003-24217-00-00"}, "1") == well_key({"API": "1500324217"}, "Colony 1")
    assert well_key({}, "31/5-4 S") == well_key({"API": ""}, "31_5-4 s".replace("_", "/"))
    assert well_key({"UWI": "UNKNOWN"}, "7") == ""
