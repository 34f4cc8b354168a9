from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.core.errors import SpecError
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import Candidate, resolve
from aemodels.curves.tables import ALIASES_FILE, is_depth, load_aliases, unit_factor

UNITS = {name: curve.unit for name, curve in CANONICAL.items()}


def candidate(mnemonic: str, unit: str, *, observed: bool = True) -> Candidate:
    return Candidate(name=mnemonic, mnemonic=mnemonic, unit=unit, observed=observed)


@pytest.mark.parametrize(
    ("unit", "canonical", "factor"),
    [
        ("%", "v/v", 0.01),
        ("PU", "v/v", 0.01),
        ("m3/m3", "v/v", 1.0),
        ("us/m", "us/ft", 0.3048),
        ("US/F", "us/ft", 1.0),
        ("µs/ft", "us/ft", 1.0),
        ("kg/m3", "g/cm3", 0.001),
        ("K/M3", "g/cm3", 0.001),
        ("G/C3", "g/cm3", 1.0),
        ("mm", "in", 1 / 25.4),
        ("cm", "in", 1 / 2.54),
        ("OHMM", "ohm.m", 1.0),
        ("ohm.m", "ohm.m", 1.0),
        ("GAPI", "gAPI", 1.0),
        ("[gAPI]", "gAPI", 1.0),
        ("b/e", "b/e", 1.0),
        ("MV", "mV", 1.0),
        ("FT", "m", 0.3048),
        ("0.1 in", "m", 0.00254),
        ("M", "m", 1.0),
    ],
)
def test_units_convert_by_their_definition(unit: str, canonical: str, factor: float):
    assert unit_factor(unit, canonical) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(("unit", "canonical"), [("CPS", "gAPI"), ("furlong", "m"), ("MV", "v/v"), ("", "g/cm3")])
def test_unknown_units_give_no_factor(unit: str, canonical: str):
    assert unit_factor(unit, canonical) is None


def test_every_canonical_unit_is_its_own_spelling():
    for unit in {*UNITS.values(), "m"}:
        assert unit_factor(unit, unit) == 1.0


@pytest.mark.parametrize(
    ("mnemonic", "canonical"),
    [
        ("AC", "DTC"),
        ("DT", "DTC"),
        ("DEN", "RHOB"),
        ("RHOZ", "RHOB"),
        ("NEU", "NPHI"),
        ("TNPH", "NPHI"),
        ("ILD", "RDEP"),
        ("LLD", "RDEP"),
        ("RT", "RDEP"),
        ("ILM", "RMED"),
        ("LLS", "RSHA"),
        ("MSFL", "RXO"),
        ("PE", "PEF"),
        ("HCAL", "CALI"),
        ("CAL", "CALI"),
        ("C1", "CALI"),
        ("GRD", "GR"),
        ("sgrc", "GR"),
        ("DTSM", "DTS"),
        ("HDRA", "DRHO"),
    ],
)
def test_company_mnemonics_lead_to_the_canonical_curve(mnemonic: str, canonical: str):
    matches, findings = resolve([candidate(mnemonic, UNITS[canonical])])
    assert [(match.name, match.index, match.factor) for match in matches] == [(canonical, 0, 1.0)]
    assert not findings


# Curve lines as they stand in the files of four publishers: mnemonic, unit, what they are, factor to its unit.
PUBLISHED = {
    "FORCE 2020": """
        GR gAPI GR 1 | RHOB g/cm3 RHOB 1 | NPHI m3/m3 NPHI 1 | DTC us/ft DTC 1 | DTS us/ft DTS 1 | RDEP ohm.m RDEP 1
        RMED ohm.m RMED 1 | RSHA ohm.m RSHA 1 | RXO ohm.m RXO 1 | SP mV SP 1 | PEF b/e PEF 1 | CALI in CALI 1
        BS in BS 1 | DRHO g/cm3 DRHO 1 | SGR gAPI GR 1""",
    "NLOG": """
        GR GAPI GR 1 | GRD GAPI GR 1 | DT US/F DTC 1 | DT US/M DTC 0.3048 | AC US/M DTC 0.3048 | RHOB G/C3 RHOB 1
        DEN KG/M3 RHOB 0.001 | DRHO G/C3 DRHO 1 | NPHI LPU NPHI 0.01 | NEU % NPHI 0.01 | ILD OHMM RDEP 1
        LLD OHMM RDEP 1 | LLS OHMM RSHA 1 | SN OHMM RSHA 1 | MLL OHMM RXO 1 | MSFL OHMM RXO 1 | HCAL IN CALI 1
        CAL1 IN CALI 1 | CALI MM CALI 0.03937007874 | HDAR IN CALI 1 | BS MM BS 0.03937007874 | SP MV SP 1
        PEF B/E PEF 1 | DTSM US/F DTS 1""",
    "KGS": """
        GR api GR 1 | GRTO api GR 1 | SP mV SP 1 | RILD OHMM RDEP 1 | RILM OHMM RMED 1 | RLL3 OHMM RSHA 1
        RT90 ohmm RDEP 1 | RT30 ohmm RMED 1 | RT10 ohmm RSHA 1 | RT ohmm RDEP 1 | RXO ohmm RXO 1 | RHOB g/cc RHOB 1
        RHOB GM/CC RHOB 1 | CNLS % NPHI 0.01 | NPHL % NPHI 0.01 | NPHI PU NPHI 0.01 | DT USEC/FT DTC 1
        DRHO g/cc DRHO 1 | CALI in CALI 1 | MCAL IN CALI 1 | PE BARNS/E PEF 1""",
    "Equinor": """
        GR API GR 1 | GRCFM GAPI GR 1 | NBGRCFM GAPI GR 1 | SGRC GAPI GR 1 | DEN G/CM3 RHOB 1 | BDCFM G/CC RHOB 1
        RHOM G/CM3 RHOB 1 | NEU V/V NPHI 1 | NPCKLFM V/V NPHI 1 | HNPO V/V NPHI 1 | TNPH V/V NPHI 1 | AC US/F DTC 1
        DT24QI US/F DTC 1 | ACS US/F DTS 1 | RD OHMM RDEP 1 | RT OHMM RDEP 1 | RPCEHM OHM.M RDEP 1
        RACEHM OHM.M RDEP 1 | RPCELM OHM.M RMED 1 | C1 INCH CALI 1 | CALI INCHES CALI 1 | BIT IN BS 1 | DPEFM B/E PEF 1
        DRHFM G/CC DRHO 1 | RHOZ G/C3 RHOB 1""",
}


@pytest.mark.parametrize("publisher", PUBLISHED)
def test_published_curve_lines_lead_to_the_canonical_curve(publisher: str):
    for line in PUBLISHED[publisher].replace("\n", "|").split("|"):
        if not line.strip():
            continue
        mnemonic, unit, canonical, factor = line.split()
        ((match,), findings) = resolve([candidate(mnemonic, unit)])
        assert match.name == canonical, line
        assert match.factor == pytest.approx(float(factor), rel=1e-9), line
        assert not findings, line


@pytest.mark.parametrize("mnemonic", ["RM", "RHOC", "DCAL", "CGR", "NPHS", "DPHI", "SPOR", "CILD", "TENS"])
def test_mnemonics_of_another_or_a_doubtful_meaning_are_left_alone(mnemonic: str):
    assert resolve([candidate(mnemonic, "ohm.m")]) == ((), ())


def test_of_an_array_induction_log_one_curve_each_is_taken():
    curves = [candidate(f"AT{depth}", "OHMM") for depth in (10, 20, 30, 60, 90)]
    matches, findings = resolve(curves)
    assert {match.name: curves[match.index].mnemonic for match in matches} == {
        "RDEP": "AT90",
        "RMED": "AT30",
        "RSHA": "AT10",
    }
    assert [(finding.severity, finding.code) for finding in findings] == [("info", "curve-chosen")] * 2


def test_the_canonical_mnemonic_beats_an_alias():
    matches, findings = resolve([candidate("DT", "us/ft"), candidate("DTC", "us/ft")])
    assert [(match.name, match.index) for match in matches] == [("DTC", 1)]
    assert [(finding.severity, finding.code) for finding in findings] == [("info", "curve-chosen")]


def test_an_earlier_tier_beats_a_later_one():
    matches, _ = resolve([candidate("ILD", "ohm.m"), candidate("RT", "ohm.m")])
    assert [(match.name, match.index) for match in matches] == [("RDEP", 1)]


def test_two_equals_are_ambiguous_and_neither_is_taken():
    matches, findings = resolve([candidate("ILD", "ohm.m"), candidate("LLD", "ohm.m")])
    assert matches == ()
    (finding,) = findings
    assert (finding.severity, finding.code) == ("warning", "ambiguous-curve")
    assert "ILD" in finding.where
    assert "LLD" in finding.where


def test_a_curve_with_values_beats_an_empty_canonical_one():
    matches, _ = resolve([candidate("RHOB", "g/cm3", observed=False), candidate("DEN", "g/cm3")])
    assert [(match.name, match.index) for match in matches] == [("RHOB", 1)]


def test_an_unknown_unit_keeps_a_curve_out():
    matches, findings = resolve([candidate("GR", "CPS")])
    assert matches == ()
    assert [finding.code for finding in findings] == ["unknown-unit"]
    assert "'CPS'" in findings[0].found


@pytest.mark.parametrize("unit", ["", "_", "NONE"])
def test_no_unit_leaves_the_factor_open(unit: str):
    matches, findings = resolve([candidate("GR", unit)])
    assert matches[0].factor is None
    assert not findings


def test_unknown_mnemonics_are_left_alone():
    assert resolve([candidate("TENS", "lbs")]) == ((), ())


def test_depth_mnemonics():
    assert is_depth("dept")
    assert not is_depth("TIME")


def test_a_mnemonic_listed_twice_is_refused(tmp_path: Path):
    path = tmp_path / "aliases.yaml"
    path.write_text("depth: []\nunits: {}\nmnemonics: {GR: [[CGR]], SP: [[CGR]]}\n")
    with pytest.raises(SpecError, match="listed twice"):
        load_aliases(path)


def test_an_unknown_curve_is_refused(tmp_path: Path):
    path = tmp_path / "aliases.yaml"
    path.write_text("depth: []\nunits: {}\nmnemonics: {GAMMA: [[CGR]]}\n")
    with pytest.raises(SpecError, match="not a canonical curve"):
        load_aliases(path)


def test_the_tables_cover_every_canonical_curve():
    tables = load_aliases(ALIASES_FILE)
    assert {name for name, _ in tables.mnemonics.values()} == set(CANONICAL)
    assert set(tables.units) == {*UNITS.values(), "m"}


def test_a_mnemonic_of_the_user_s_moves_to_the_curve_the_user_names(tmp_path: Path):
    override = tmp_path / "mine.yaml"
    override.write_text("mnemonics:\n  NPHI: [[DEN]]\n")
    mine = load_aliases(override=override)
    assert mine.mnemonics["DEN"][0] == "NPHI"
    assert load_aliases().mnemonics["DEN"][0] == "RHOB"
    assert mine.mnemonics["RHOZ"] == load_aliases().mnemonics["RHOZ"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mnemonics:\n  GRR: [[X]]\n", "not a canonical curve"),
        ("mnemonics:\n  GR: [X, Y]\n", "list of lists"),
        ("mnemonics:\n  GR: [[X], [x]]\n", "listed twice"),
        ("units:\n  furlong: {F: 1}\n", "not a canonical unit"),
        ("curves: {}\n", "top level"),
        ("a: [\n", "YAML"),
    ],
)
def test_a_user_s_file_that_is_wrong_is_refused_with_the_reason(tmp_path: Path, text: str, told: str):
    override = tmp_path / "wrong.yaml"
    override.write_text(text)
    with pytest.raises(SpecError, match=told):
        load_aliases(override=override)


def test_a_user_s_file_has_names_units_and_depths_only(tmp_path: Path):
    path = tmp_path / "aliases.yaml"
    path.write_text("suffixes: {any: [X]}\n")
    with pytest.raises(SpecError, match="expected only depth, mnemonics, units"):
        load_aliases(override=path)
