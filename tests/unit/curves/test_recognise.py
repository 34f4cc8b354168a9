"""Names of service companies and programs lead to the canonical curves, and names that look alike do not."""

from __future__ import annotations

import time

import numpy as np
import pytest

from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import Candidate, resolve
from aemodels.curves.tables import find_name, is_depth, load_aliases, unit_factor
from helpers.paths import ROOT, TESTS

NAMES = ROOT.parent / "shared" / "cases" / "mnemonics.tsv"
# Names with the quantity and the place where each was found; its head explains the sources.
LIST = (TESTS / "data" / "mnemonics.tsv").read_text(encoding="utf-8").splitlines()
SOURCES = {line[2:].split("\t")[0] for line in LIST if line.startswith("# ") and "\t" in line}
FOUND = [line.split("\t") for line in LIST if not line.startswith("#")][1:]
ADDED = {
    "GR": "GR_1|GR:2|GR(API)|GAMMA RAY|GR_SPLICED|ГК_",
    "RHOB": "RHOB_1|RHOB_ADN_RT|BULK.DENSITY|RHOZ_EDIT|DEN:1|RHOB(G/C3)|ZDEN2QH",
    "NPHI": "NPHI_LS|NPHI_1|NPHI_EDIT|HNPHI",
    "DTC": "DTCO_1|DT(US/FT)|DT_FINAL|DT24QI",
    "DTS": "DTSM_1|DTS_EDIT|DT2_1|DT_S",
    "RDEP": "ILD_1|HILD",
    "CALI": "CALI_1|HCAL_1|CAL:1|CAL3|HCAL2",
}
UNKNOWN = (
    "RHBA RHOMA GR_DN ANOM_GR BADLOG_GR GR_QC GR_FLAG RHOB_SD DTR DTST NPHI_DIFF RHOB_SYN CGR DCAL RM RHOC CILD "
    "GRAD GRAV SPP SPM CALC CALO CALB DT3 DT1R DTCS KGR NGR GRKT PEFF PEN HDT HDTM HDEV PHIA RHOG RHOA BKUP W W1 NLL "
    "TENS ROP C3 TGAS SPHI DPHI PHIT BVW GRANITE CALIBRATION RTAB DENSITOMETER NEUTRAL ILDX90 X" + "X" * 400
)
UNITS = {
    "us/ft": "MICROSEG/PIE Âµs/ft USEC/FEET MICROSEC/FT µs/ft μs/ft MICROSECONDS/FT мкс/фут",
    "g/cm3": "g/cmÂ³ g/cm³ T/M3 Mg/m3 GR/CM3 г/см3 g/cm^3 GRAMS/CC GMS/CC G/C.C. GR/ML TON/M3",
    "v/v": "m³/m³ V/V DEC FRACTION ft3/ft3 M**3/M**3",
    "ohm.m": "OHMS-M OHM-METERS Ω·m Ω.m OHM-MTR Ом·м OHM_M",
    "gAPI": "°API Â°API GAPI|UNITS API_GR API-GR UNIDADES|API",
    "b/e": "B/ELECTRON barns/e",
    "mV": "MILLIVOLTS MV.",
    "in": "IN. INCHES ″ ”",
    "m": "MTS METROS mMD MKB M-RKB м 米 m.",
}
OTHER_UNITS = {("ftKB", "m"): 0.3048, ("US FT", "m"): 1200 / 3937, ("1/10IN", "m"): 0.00254, ("kg/m³", "g/cm3"): 0.001}
OTHER_UNITS |= {
    ("LSPU", "v/v"): 0.01,
    ("SSPU", "v/v"): 0.01,
    ("%_LS", "v/v"): 0.01,
    ("p.u.", "v/v"): 0.01,
    ("LB/FT3", "g/cm3"): 0.0160184634,
    ("KGS/M3", "g/cm3"): 0.001,
    ("MILLIMETERS", "in"): 1 / 25.4,
    ("µs/m", "us/ft"): 0.3048,
}


def matched(mnemonic: str, unit: str) -> str:
    matches, _ = resolve([Candidate(mnemonic, mnemonic, unit)])
    return matches[0].name if matches else "-"


@pytest.mark.parametrize("part", ["mend", "held"])
def test_names_of_companies_lead_to_their_curves_and_no_other_name_does(part: str):
    rows = [(curve, name, matched(name, unit)) for curve, name, unit, _, where in FOUND if where == part]
    assert [row for row in rows if row[2] not in {"-", row[0]}] == []
    named = [row for row in rows if row[0] != "-"]
    missed = [row for row in named if row[2] == "-"]
    assert len(named) > 230
    assert len(missed) <= 0.05 * len(named), missed


@pytest.mark.parametrize("curve", ADDED)
def test_names_without_what_programs_tools_and_edits_add(curve: str):
    found = {name: find_name(name, load_aliases()) for name in ADDED[curve].split("|")}
    assert {name: match and match.name for name, match in found.items()} == dict.fromkeys(found, curve)


def test_every_name_has_a_source_that_the_list_explains():
    assert {source for *_, source, _ in FOUND} == SOURCES


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_names_that_look_alike_are_left_alone(name: str):
    assert find_name(name, load_aliases()) is None


@pytest.mark.skipif(not NAMES.exists(), reason=f"no list of names at {NAMES}")
def test_the_names_of_the_companies_list():
    rows = [line.split("\t") for line in NAMES.read_text().splitlines()[1:]]
    found = [(curve, mnemonic, find_name(mnemonic, load_aliases())) for _, curve, mnemonic, *_ in rows]
    assert [(mnemonic, match.name) for curve, mnemonic, match in found if match and match.name != curve] == []
    assert sum(match is not None for *_, match in found) >= 0.95 * len(found)


@pytest.mark.parametrize("unit", UNITS)
def test_spellings_of_units(unit: str):
    for spelling in UNITS[unit].split():
        assert unit_factor(spelling.replace("|", " "), unit) == 1.0, spelling


@pytest.mark.parametrize(("spelling", "unit"), OTHER_UNITS)
def test_spellings_of_other_units(spelling: str, unit: str):
    assert unit_factor(spelling, unit) == pytest.approx(OTHER_UNITS[spelling, unit], rel=1e-6)


def test_units_of_something_else_are_unknown():
    for unit in ("S", "PPM", "M/S", "CPS", "LB", "1IN", "KB", "MD", "DEG"):
        assert all(unit_factor(unit, known) is None for known in load_aliases().units), unit


def test_depth_names():
    assert all(map(is_depth, ("TDEP", "BDEP", "HDEP", "DEPTH_REF", "DEPT_M", "DEPTH:1", "Measured Depth", "глубина")))
    assert not any(map(is_depth, ("DEPOSIT", "MDT", "TDEPTH_ERR", "RDEP")))


SUITES = {
    "RHO8 RHOZ RHOI": "RHOZ",
    "AO90 AF90 AT90": "AT90",
    "NPOR TNPH HTNP": "TNPH",
    "EHGR ECGR": "ECGR",
    "DT4P DTCO": "DTCO",
    "DT2 DT4S DTSM": "DTSM",
    "DTL DT": "DT",
    "SFLA SFLU": "SFLU",
    "NPHI_DOL NPHI_LIM NPHI_SAN": "NPHI_LIM",
    "C2 C1": "C1",
    "GR_2 GR_1 GR": "GR",
}


@pytest.mark.parametrize("suite", SUITES)
def test_of_a_suite_the_standard_curve_is_chosen_and_the_others_named(suite: str):
    names = suite.split()
    known = find_name(names[0], load_aliases())
    assert known is not None
    matches, findings = resolve([Candidate(name, name, CANONICAL[known.name].unit) for name in names])
    assert [names[match.index] for match in matches] == [SUITES[suite]]
    (finding,) = findings
    assert finding.code == "curve-chosen"
    assert all(name in finding.found for name in names)


def test_equal_columns_are_one_curve_and_others_stay_ambiguous():
    candidates = [Candidate(f"GR:{number}", "GR", "gAPI") for number in (1, 2)]
    matches, findings = resolve(candidates, same=lambda first, second: True)
    assert ([match.index for match in matches], [finding.code for finding in findings]) == ([0], ["curve-chosen"])
    assert [finding.code for finding in resolve(candidates)[1]] == ["ambiguous-curve"]


@pytest.mark.parametrize(
    ("mnemonic", "unit", "description"),
    [
        ("C1", "", "methane"),
        ("C1", "PPM", ""),
        ("RHOM", "g/cm3", "matrix density"),
        ("GR_1", "CPS", ""),
        ("C1", "IN", "methane gas"),
        ("SPD", "FT/MIN", ""),
        ("GRVL", "", ""),
        ("HD1", "", ""),
        ("TGR", "DEGF/FT", ""),
        ("DN", "", ""),
    ],
)
def test_a_doubtful_name_needs_unit_and_description(mnemonic: str, unit: str, description: str):
    assert resolve([Candidate(mnemonic, mnemonic, unit, description=description)]) == ((), ())


@pytest.mark.parametrize("unit", ["MMHO", "mS/m", "MMHO/M", "S/M", "mho-m"])
def test_a_conductivity_under_the_name_of_a_resistivity_is_another_quantity(unit: str):
    assert resolve([Candidate("RILD", "RILD", unit)]) == ((), ())


def test_a_possible_curve_is_named_with_the_line_for_the_aliases():
    _, (finding,) = resolve([Candidate("RHBA", "RHBA", "G/C3")])
    assert finding.code == "possible-curve"
    assert "mnemonics: {RHOB: [[RHBA]]}" in finding.remedy
    assert resolve([Candidate("RHBA", "RHBA", "G/C3"), Candidate("RHOB", "RHOB", "G/C3")])[1] == ()


def test_a_unit_in_brackets_counts_where_no_other_is_stated():
    (match,), _ = resolve([Candidate("DT(US/M)", "DT(US/M)", "")])
    assert match.factor == pytest.approx(0.3048)


@pytest.mark.parametrize("name", ["_" * 100_000, "A" * 100_000, "GR_" * 30_000, "(" * 50_000, "A_1" * 13, "A_" * 20])
def test_long_names_take_little_time(name: str):
    started = time.process_time()
    find_name(name, load_aliases())
    assert time.process_time() - started < 1.0


def test_every_listed_name_still_leads_to_its_curve():
    tables = load_aliases()
    assert all(find_name(name, tables).name == curve for name, (curve, _) in tables.mnemonics.items())  # type: ignore[union-attr]
    assert np.all([family.tier >= 1 for family in tables.rules.families])
