"""Curves of no listed name are recognised by unit, family of names, and description; look-alikes are not."""

from __future__ import annotations

import time

import pytest

from aemodels.curves.by_unit import described_curves, named_curves, unit_families
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import Candidate, resolve
from aemodels.curves.tables import load_aliases
from helpers.paths import TESTS

LINES = (TESTS / "data" / "company_names.tsv").read_text(encoding="utf-8").splitlines()
SOURCES = {line[2:].split("\t")[0] for line in LINES if line.startswith("# ") and "\t" in line}
ROWS = [line.split("\t") for line in LINES if not line.startswith("#")][1:]


def lines(name: str) -> list[list[str]]:
    text = (TESTS / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


# Quantities of the same unit as a canonical curve: shale, matrix and fluid values, computed and calibrated curves.
OTHERS = {
    "GAPI": "CGR HCGR GRTH GR_TH GRK KTH GRSD GRMIN GRMAX GRSHALE GRKUT UGR TGRAD GR_M GR_SHALE GRCL GR_BASELINE",
    "G/C3": "RHOMA RHOMAA RHGX RHGA RHOF RHOFL RHOW RHOG DENMUD MUDDEN DENMA RHO_SH RHOB_SYN ECD MW GDEN RHOB_NPHI_SEP",
    "V/V": "DPHI PHID PHIND NPHI_SH NPHIMA PXND NDPHI XPHI SPHI NPE NPHIFL CNLFLAG NPOR_DEN NETPAY NMRPOR NPHI_RHOB",
    "US/F": "DTST DTR DTT DTMA DTF DTFL DTW DTMUD DT_STONELEY DTC_SYN DTM DTCL DTSS DTSTONELEY DTCO_PRED DT_MA",
    "OHMM": "RW RWA RMF RM RMC RT_SH MINV MNOR RCL MRES RXORT RTRXO RV RH RMUD HMIN BMNO AMF HRMD RTCL",
    "MV": "TENS CCL SPIN NOISE SPMA VSP SPSH SPCL SPBASE SP_BASELINE DSP SPDR SPOF",
    "IN": "DCAL SO HMC MCAKE CASOD CSIZ RAD1 CALDIF CALI-BS CALI_MIN CALMAX CAKE OD CAVE HD_UNCERT CLIM",
    "B/E": "PEN UMAA PEMA PEF_MA PEFQ PERM PEMZ EPEZ",
}
# By its description alone a curve is one of these, with the unit of the curve.
DESCRIBED = {
    "Compensated bulk density": "RHOB",
    "CDL Density Correction": "DRHO",
    "4   NEUTRON POROSITY": "NPHI",
    "Compressional slowness": "DTC",
    "Shear slowness YY": "DTS",
    "Deep induction": "RDEP",
    "Medium button resistivity, average": "RMED",
    "Shallow true resolution resistivity": "RSHA",
    "Micro spherically focused": "RXO",
    "Self potential": "SP",
    "Horizontal hole diameter": "CALI",
    "Bit size 2": "BS",
    "Photoelectric factor": "PEF",
    "Gamma ray, high resolution": "GR",
    "(HGNS-B)                (6in)          Thermal neutron porosity": "NPHI",
    "Thermal neutron porosity (matrix sandstone) {F11.4}": "NPHI",
    "ARC phase-shift resistivity 40-in. at 2 MHz": "RDEP",
    "Array induction two foot resistivity A30": "RMED",
}
NOT_DESCRIBED = {
    "Grain density": "g/cm3",
    "Mud density in": "g/cm3",
    "Density porosity": "v/v",
    "Neutron-density porosity": "v/v",
    "Stoneley slowness": "us/ft",
    "Deep-based mud resistivity": "ohm.m",
    "Micro inverse": "ohm.m",
    "Gamma ray without uranium": "gAPI",
    "Tlog constant - 65 - GR shale": "gAPI",
    "Caliper bad hole limit": "in",
    "Mudcake photoelectric factor": "b/e",
    "SP drift": "mV",
}


def matched(mnemonic: str, unit: str, description: str = "") -> str:
    matches, _ = resolve([Candidate(mnemonic, mnemonic, unit, description=description)])
    return matches[0].name if matches else "-"


@pytest.mark.parametrize(
    ("part", "share", "few"), [("dev", 0.82, 90), ("held", 0.77, 90), ("fresh", 0.98, 90), ("files", 1, 80)]
)
def test_names_of_public_lists_lead_to_their_curves_and_no_other_name_does(part: str, share: float, few: int):
    rows = [(curve, name, matched(name, unit, about)) for curve, name, unit, about, _, where in ROWS if where == part]
    assert [row for row in rows if row[2] not in {"-", row[0]}] == []
    bare = [(name, matched(name, unit)) for curve, name, unit, *_, where in ROWS if (curve, where) == ("-", part)]
    assert [row for row in bare if row[1] != "-"] == []  # look-alikes, without their descriptions
    named = [row for row in rows if row[0] != "-"]
    assert sum(row[2] != "-" for row in named) >= share * len(named) > few * share


def test_every_name_has_a_source_that_the_list_explains():
    assert {source for *_, source, _ in ROWS} == SOURCES


@pytest.mark.parametrize("curve", sorted({curve for curve, *_ in lines("formed_names.tsv")}))
def test_names_formed_as_the_companies_form_them_lead_to_their_curves(curve: str):
    names = [(name, unit) for known, unit, some in lines("formed_names.tsv") if known == curve for name in some.split()]
    assert {name: found for name, unit in names if (found := matched(name, unit)) != curve} == {}
    assert all(matched(name, "PSI") == "-" for name, _ in names if name not in load_aliases().mnemonics)


@pytest.mark.parametrize("unit", sorted({unit for unit, _ in lines("look_alikes.tsv")}))
def test_names_that_look_alike_are_left_alone(unit: str):
    names = [name for known, some in lines("look_alikes.tsv") if known == unit for name in some.split()]
    assert {name: found for name in names if (found := matched(name, unit)) != "-"} == {}


@pytest.mark.parametrize(
    ("name", "unit", "curve"),
    [
        ("TGS_RHOB", "G/C3", "RHOB"),
        ("RAW_DTC", "US/F", "DTC"),
        ("Neutron Porosity", "%", "NPHI"),
        ("DeepResistivity", "OHMM", "RDEP"),
        ("CompressionalSlowness", "US/F", "DTC"),
        ("D_CAL", "IN", "-"),  # the difference to the bit size
        ("SHALE_GR", "GAPI", "-"),
        ("RHOB_NPHI", "V/V", "-"),  # of two quantities
        ("RD_RS", "OHMM", "-"),
        ("HD", "M", "-"),  # depth of the hole
        ("CALM", "MM", "CALI"),
    ],
)
def test_words_in_front_of_a_mnemonic_and_phrases(name: str, unit: str, curve: str):
    assert matched(name, unit) == curve


@pytest.mark.parametrize("unit", OTHERS)
def test_quantities_of_the_same_unit_are_left_alone(unit: str):
    assert {name: found for name in OTHERS[unit].split() if (found := matched(name, unit)) != "-"} == {}


@pytest.mark.parametrize("about", DESCRIBED)
def test_a_description_and_the_unit_name_a_curve(about: str):
    name = DESCRIBED[about]
    assert matched("ZQ7", CANONICAL[name].unit, about) == name
    assert matched("ZQ7", "", about) == matched("ZQ7", "PSI", about) == "-"


@pytest.mark.parametrize("about", NOT_DESCRIBED)
def test_descriptions_of_other_quantities_name_none(about: str):
    assert matched("ZQ7", NOT_DESCRIBED[about], about) == "-"


def test_a_name_and_a_description_that_contradict_each_other_are_not_used():
    assert matched("RHOB_TL", "g/cm3") == matched("RHOB_TL", "g/cm3", "Bulk density") == "RHOB"
    assert matched("RHOB_TL", "g/cm3", "Density correction") == matched("GR_TL", "gAPI", "GR shale value") == "-"


def test_curves_that_scoring_adds_are_not_taken_for_those_that_they_belong_to():
    added = [Candidate(f"RXO_{end}", f"RXO_{end}", "ohm.m", description="denoised RXO") for end in ("DN", "DN_2")]
    assert resolve(added) == ((), ())
    matches, _ = resolve([Candidate("RMIC", "RMIC", "ohm.m"), *added])
    assert [(match.name, match.index) for match in matches] == [("RXO", 0)]


def test_a_name_of_two_tools_goes_by_its_unit():
    assert (matched("DCAV", "IN"), matched("DCAV_ADN", "MM")) == ("CALI", "CALI")
    assert matched("DCAV", "G/C3") == "-"


def test_a_listed_name_takes_precedence_over_one_recognised_by_its_unit():
    matches, (finding,) = resolve([Candidate(name, name, "GAPI") for name in ("4GR", "GRD")])
    assert [match.index for match in matches] == [1]
    assert (finding.code, finding.found) == ("curve-chosen", "GRD, 4GR")


@pytest.mark.parametrize("name", ["_" * 100_000, "A" * 100_000, "GR_" * 30_000, "DENSITY " * 20_000])
def test_long_names_and_descriptions_take_little_time(name: str):
    started = time.process_time()
    named_curves(name, unit_families(), frozenset(CANONICAL))
    described_curves(name, unit_families())
    assert time.process_time() - started < 0.5
