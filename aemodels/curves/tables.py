"""Tables of mnemonics and units, and look-up in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aemodels.core.errors import SpecError
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.recognise import NameRules, Recognised, name_rules, recognise
from aemodels.curves.short_texts import kept

ALIASES_FILE = Path(__file__).with_name("aliases.yaml")
LAYOUT = frozenset(
    {"depth", "mnemonics", "units", "families", "families_with_unit", "suffixes", "prefixes", "endings", "numbered"}
    | {"high_resolution", "with_unit", "stems", "not_described", "unit_patterns"}
)
OWN_LAYOUT = frozenset({"depth", "mnemonics", "units"})  # of a user's file
DEPTH_REFERENCES = (
    "SSTVD",
    "TVDSS",
    "BRKB",
    "RKB",
    "BRT",
    "BKB",
    "BDF",
    "BGL",
    "BML",
    "BSL",
    "MSL",
    "TVD",
    "KB",
    "RT",
    "DF",
    "GL",
    "MD",
    "SS",
)
SQUEEZED = re.compile(r"(?<=[^\W\d])[-_*.·](?!\d)")  # a mark between letters
NORMAL = str.maketrans("²³¹⁻∙•⋅×₂₃", "231-···*23") | {ord(omega): "Ω" for omega in "ΩΩ"} | {ord(mu): "µ" for mu in "Μμ"}
MOJIBAKE = "Â"  # UTF-8 of superscripts, degree and micro signs read in a code page has it before each of them
ANY_REFERENCE = "|".join(DEPTH_REFERENCES)
REFERENCE_ALONE = re.compile(rf"(?:{ANY_REFERENCE})(?:[-_./]?(?:{ANY_REFERENCE}))?")
DEPTH_WITH_REFERENCE = re.compile(
    rf"(?:(?:M(?:EAS(?:URED)?)?[-_. ]?)?DEPTH?|MD|TVD|SSTVD)[-_.: ]?(?:BELOW[-_ ])?(?:REF|{ANY_REFERENCE})?"
)
DEPTH_WITH_SUFFIX = re.compile(r"(?:DEPTH?|MD|TVD)[:_ ](?:\d{1,2}|M|FT)")
UNIT_IN_NAME = re.compile(r"(.{1,30}?)(?:[\s_]*[(\[]([^()\[\]]{1,12})[)\]]|[_ ](FT|FEET|M|METERS?|METRES?))")
LONGEST_UNIT = 40  # characters
NO_UNIT = frozenset({"", "_", "-", "--", "NONE", "N/A", "NA", "UNKNOWN", "UNITLESS"})


@dataclass(frozen=True, eq=False)
class Aliases:
    """Alias tables prepared for look-up.

    Args:
        mnemonics: upper-case mnemonic -> (canonical name, tier); tier 0 is the canonical name itself.
        units: canonical unit -> normalised spelling -> factor.
        depth: upper-case mnemonics of a depth index.
        rules: rules for mnemonics that are not listed.
        patterns: canonical unit -> (regular expression for whole spellings that are not listed, factor), in order.
    """

    mnemonics: Mapping[str, tuple[str, int]]
    units: Mapping[str, Mapping[str, float]]
    depth: frozenset[str]
    rules: NameRules = field(default_factory=NameRules)
    patterns: Mapping[str, tuple[tuple[re.Pattern[str], float], ...]] = field(default_factory=dict)


@lru_cache(maxsize=4)
def load_aliases(path: Path = ALIASES_FILE, *, override: Path | None = None) -> Aliases:
    """Read the alias tables.

    Args:
        path: a YAML file laid out as aliases.yaml.
        override: a user's file of mnemonics, units and depth names, every part optional. Its mnemonics take precedence
            over all of `path`, canonical names included, in the order of its tiers; its units and depth mnemonics are
            added.

    Returns:
        The tables.

    Raises:
        SpecError: if a file is not such a YAML file, a curve or unit is unknown, or a mnemonic is listed twice.
    """
    tables = _tables(path)
    mnemonics = {name: (name, 0) for name in CANONICAL} | _tiers(path, tables, first=1)
    doubled = set(CANONICAL) & set(_tiers(path, tables, first=1))
    if doubled:
        raise SpecError(
            f"{path}: {min(doubled)!r} is listed twice; keep one entry (a canonical name always comes first)"
        )
    units = _unit_tables(tables)
    depth = frozenset(map(str, tables.get("depth") or ()))
    rules, patterns = name_rules(tables), _unit_patterns(tables)
    if override is None:
        return Aliases(mnemonics, units, depth, rules, patterns)
    user = _tables(override, OWN_LAYOUT)
    own = _tiers(override, user, first=-1000)
    for unit, table in _unit_tables(user).items():
        if unit not in units:
            raise SpecError(f"{override}: {unit!r} is not a canonical unit; expected one of {', '.join(units)}")
        units[unit] = units[unit] | table
    depth |= {str(name).upper() for name in user.get("depth") or ()}
    return Aliases(mnemonics | own, units, depth, rules, patterns)


def _tables(path: Path, layout: frozenset[str] = LAYOUT) -> Mapping[str, Any]:
    try:
        tables = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: {error}; expected a YAML file laid out as {ALIASES_FILE}") from error
    if not isinstance(tables, dict) or not set(tables) <= layout:
        raise SpecError(f"{path}: expected only {', '.join(sorted(layout))} at its top level")
    return tables


def _tiers(path: Path, tables: Mapping[str, Any], *, first: int) -> dict[str, tuple[str, int]]:
    mnemonics: dict[str, tuple[str, int]] = {}
    for canonical, tiers in (tables.get("mnemonics") or {}).items():
        if canonical not in CANONICAL:
            raise SpecError(f"{path}: {canonical!r} is not a canonical curve; expected one of {', '.join(CANONICAL)}")
        if not all(isinstance(spellings, list) for spellings in tiers):
            raise SpecError(f"{path}: {canonical} is {tiers!r}; expected tiers, a list of lists: [[BEST], [NEXT, ...]]")
        for tier, spellings in enumerate(tiers, start=first):
            for spelling in map(str, spellings):
                if spelling.upper() in mnemonics:
                    raise SpecError(f"{path}: {spelling!r} is listed twice; keep one entry")
                mnemonics[spelling.upper()] = (canonical, tier)
    return mnemonics


def _unit_tables(tables: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    return {
        unit: {normal_unit(str(key)): float(value) for key, value in table.items()}
        for unit, table in (tables.get("units") or {}).items()
    }


def _unit_patterns(tables: Mapping[str, Any]) -> dict[str, tuple[tuple[re.Pattern[str], float], ...]]:
    return {
        unit: tuple((re.compile(pattern), float(factor)) for pattern, factor in table.items())
        for unit, table in (tables.get("unit_patterns") or {}).items()
    }


@kept
def normal_unit(unit: str) -> str:
    """Return a unit's spelling in upper case without blanks, brackets, superscripts and a last point.

    >>> normal_unit(" [us / ft] "), normal_unit("g/cm³"), normal_unit("IN.")
    ('US/FT', 'G/CM3', 'IN')
    """
    plain = unit.replace(MOJIBAKE, "").upper().translate(NORMAL)
    return re.sub(r"[\s\[\](){}]", "", plain).rstrip(".")


@kept
def unit_factor(unit: str, canonical_unit: str, aliases: Aliases | None = None) -> float | None:
    """Return the factor from `unit` to `canonical_unit`; None if the spelling is unknown.

    Joining marks count alike (OHM-M, OHM.M), and a depth may name its reference (ftKB, M_MD).

    >>> unit_factor("KG/M3", "g/cm3"), unit_factor("ftKB", "m"), unit_factor("OHM-METERS", "ohm.m")
    (0.001, 0.3048, 1.0)
    """
    tables = aliases or load_aliases()
    table, spelling = tables.units[canonical_unit], normal_unit(unit)
    for text in (spelling, SQUEEZED.sub("", spelling)):
        if text in table:
            return table[text]
    if canonical_unit != "m":
        known = tables.patterns.get(canonical_unit, ()) if len(spelling) <= LONGEST_UNIT else ()
        return next((factor for pattern, factor in known if pattern.fullmatch(spelling)), None)
    bases = [spelling.removesuffix(name).rstrip("_.-") for name in DEPTH_REFERENCES if spelling.endswith(name)]
    return next((table[base] for base in bases if base in table), None)


def states_no_unit(unit: str) -> bool:
    """Return True for what stands in the place of a unit but is none: nothing, a dash, or the reference of depths.

    >>> states_no_unit("MDRT"), states_no_unit("--"), states_no_unit("mMDRT")
    (True, True, False)
    """
    normal = normal_unit(unit)
    return normal in NO_UNIT or REFERENCE_ALONE.fullmatch(normal) is not None


def is_unit(unit: str, aliases: Aliases | None = None) -> bool:
    """Return True if a unit is a known spelling of any canonical one.

    >>> is_unit("US FT"), is_unit("45 310 01 00")
    (True, False)
    """
    tables = aliases or load_aliases()
    return bool(unit) and any(unit_factor(unit, canonical, tables) is not None for canonical in tables.units)


@kept
def is_depth(mnemonic: str, aliases: Aliases | None = None) -> bool:
    """Return True if a mnemonic names a depth index.

    >>> is_depth("DEPTH:1"), is_depth("Measured Depth"), is_depth("MD_RKB"), is_depth("MDT")
    (True, True, True, False)
    """
    tables, name = aliases or load_aliases(), mnemonic.strip().upper()
    if name in tables.depth or re.sub(r"\s+", "_", name) in tables.depth or _has_depth_form(name):
        return True
    return bool(unit_in_depth_name(mnemonic, tables))


def _has_depth_form(name: str) -> bool:
    return bool(DEPTH_WITH_SUFFIX.fullmatch(name) or DEPTH_WITH_REFERENCE.fullmatch(name))


def unit_in_depth_name(mnemonic: str, aliases: Aliases | None = None) -> str:
    """Return the unit that the name of a depth ends in; "" if there is none.

    >>> unit_in_depth_name("Depth(ft)"), unit_in_depth_name("DEPT_M"), unit_in_depth_name("GR (API)")
    ('FT', 'M', '')
    """
    tables, found = aliases or load_aliases(), UNIT_IN_NAME.fullmatch(mnemonic.strip().upper())
    if found is None or re.sub(r"\s+", "_", found[1].strip()) not in tables.depth:
        return ""
    unit = (found[2] or found[3]).strip()
    return unit if unit_factor(unit, "m", tables) is not None else ""


@kept
def find_name(mnemonic: str, aliases: Aliases) -> Recognised | None:
    """Return the canonical curve that a mnemonic names; None if unknown."""
    return recognise(mnemonic, aliases.mnemonics, aliases.rules)
