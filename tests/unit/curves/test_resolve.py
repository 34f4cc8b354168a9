from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import ALIASES_FILE, Candidate, is_depth, load_aliases, resolve, unit_factor
from aemodels.errors import SpecError

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


def test_the_canonical_mnemonic_beats_an_alias():
    matches, findings = resolve([candidate("DT", "us/ft"), candidate("DTC", "us/ft")])
    assert [(match.name, match.index) for match in matches] == [("DTC", 1)]
    assert not findings


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
    with pytest.raises(SpecError, match="no canonical curve"):
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
        ("mnemonics:\n  GRR: [[X]]\n", "no canonical curve"),
        ("mnemonics:\n  GR: [X, Y]\n", "list of lists"),
        ("mnemonics:\n  GR: [[X], [x]]\n", "listed twice"),
        ("units:\n  furlong: {F: 1}\n", "no canonical unit"),
        ("curves: {}\n", "top level"),
        ("a: [\n", "YAML"),
    ],
)
def test_a_user_s_file_that_is_wrong_is_refused_with_the_reason(tmp_path: Path, text: str, told: str):
    override = tmp_path / "wrong.yaml"
    override.write_text(text)
    with pytest.raises(SpecError, match=told):
        load_aliases(override=override)
