"""Mapping of a file's mnemonics and units to the canonical curves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.curves.canonical import CANONICAL

ALIASES_FILE = Path(__file__).with_name("aliases.yaml")
LAST = 10_000  # larger than any tier
NO_UNIT = frozenset({"", "_", "-", "--", "NONE", "N/A", "NA", "UNKNOWN", "UNITLESS"})


@dataclass(frozen=True)
class Aliases:
    """Alias tables prepared for look-up.

    Args:
        mnemonics: upper-case mnemonic -> (canonical name, tier); tier 0 is the canonical name itself.
        units: canonical unit -> normalised spelling -> factor.
        depth: upper-case mnemonics of a depth index.
    """

    mnemonics: Mapping[str, tuple[str, int]]
    units: Mapping[str, Mapping[str, float]]
    depth: frozenset[str]


@dataclass(frozen=True)
class Candidate:
    """A curve of a file, to be matched with a canonical curve.

    Args:
        name: name it keeps if it is not canonical (unique in the file).
        mnemonic: as the file spells it.
        unit: as the file spells it.
        observed: True if it has any value.
        order: number of the log in the file that it belongs to; curves of an earlier log take precedence.
    """

    name: str
    mnemonic: str
    unit: str
    observed: bool = True
    order: int = 0


@dataclass(frozen=True)
class CurveMatch:
    """A candidate matched with the canonical curve `name`; `factor` is None if the file states no unit."""

    name: str
    index: int
    factor: float | None


@lru_cache(maxsize=4)
def load_aliases(path: Path = ALIASES_FILE, *, override: Path | None = None) -> Aliases:
    """Read the alias tables.

    Args:
        path: a YAML file laid out as aliases.yaml.
        override: a user's file of the same layout, every part optional. Its mnemonics take precedence over all of
            `path`, canonical names included, in the order of its tiers; its units and depth mnemonics are added.

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
    if override is None:
        return Aliases(mnemonics, units, depth)
    user = _tables(override)
    own = _tiers(override, user, first=-1000)
    for unit, table in _unit_tables(user).items():
        if unit not in units:
            raise SpecError(f"{override}: {unit!r} is not a canonical unit; expected one of {', '.join(units)}")
        units[unit] = units[unit] | table
    return Aliases(mnemonics | own, units, depth | {str(name).upper() for name in user.get("depth") or ()})


def _tables(path: Path) -> Mapping[str, Any]:
    try:
        tables = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: {error}; expected a YAML file laid out as {ALIASES_FILE}") from error
    parts = {"depth", "mnemonics", "units"}
    if not isinstance(tables, dict) or not set(tables) <= parts:
        raise SpecError(f"{path}: expected only {', '.join(sorted(parts))} at its top level")
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


def normal_unit(unit: str) -> str:
    """Return a unit's spelling in upper case without blanks and brackets.

    >>> normal_unit(" [us / ft] ")
    'US/FT'
    """
    return (
        re.sub(r"[\s\[\](){}]", "", unit).upper().replace("Μ", "µ").replace("μ", "µ")
    )  # Greek mu in both cases -> micro sign


def unit_factor(unit: str, canonical_unit: str, aliases: Aliases | None = None) -> float | None:
    """Return the factor from `unit` to `canonical_unit`; None if the spelling is unknown.

    >>> unit_factor("KG/M3", "g/cm3")
    0.001
    """
    return (aliases or load_aliases()).units[canonical_unit].get(normal_unit(unit))


def is_unit(unit: str, aliases: Aliases | None = None) -> bool:
    """Return True if a unit is a known spelling of any canonical one.

    >>> is_unit("US FT"), is_unit("45 310 01 00")
    (True, False)
    """
    spelling = normal_unit(unit)
    return any(spelling in table for table in (aliases or load_aliases()).units.values())


def is_depth(mnemonic: str, aliases: Aliases | None = None) -> bool:
    """Return True if a mnemonic names a depth index."""
    return mnemonic.upper() in (aliases or load_aliases()).depth


def resolve(
    candidates: Sequence[Candidate], aliases: Aliases | None = None
) -> tuple[tuple[CurveMatch, ...], tuple[Finding, ...]]:
    """Match a file's curves with the canonical curves.

    The canonical mnemonic takes precedence over an alias, an earlier tier over a later one, a curve with values over an
    empty one; two curves of equal rank are ambiguous and neither is matched.

    Args:
        candidates: the file's curves, without the depth index.
        aliases: the tables; by default those of aliases.yaml.

    Returns:
        Matches in the order of the canonical set, and findings for unknown units and ambiguous curves.
    """
    aliases = aliases or load_aliases()
    findings: list[Finding] = []
    ranked: dict[str, list[tuple[int, CurveMatch]]] = {}
    for index, candidate in enumerate(candidates):
        entry = aliases.mnemonics.get(candidate.mnemonic.strip().upper())
        if entry is None:
            continue
        name, tier = entry
        factor = unit_factor(candidate.unit, CANONICAL[name].unit, aliases)
        if factor is None and normal_unit(candidate.unit) not in NO_UNIT:
            findings.append(_unknown_unit(candidate, name))
            continue
        rank = tier + (0 if candidate.observed else LAST) + LAST * LAST * candidate.order
        ranked.setdefault(name, []).append((rank, CurveMatch(name, index, factor)))
    matches = []
    for name in CANONICAL:
        best = _best(ranked.get(name, []))
        if len(best) > 1:
            findings.append(_ambiguous([candidates[match.index].name for match in best], name))
        elif best:
            matches.append(best[0])
    return tuple(matches), tuple(findings)


def _best(ranked: Sequence[tuple[int, CurveMatch]]) -> list[CurveMatch]:
    top = min((rank for rank, _ in ranked), default=0)
    return [match for rank, match in ranked if rank == top]


def _unknown_unit(candidate: Candidate, name: str) -> Finding:
    known = ", ".join(sorted(load_aliases().units[CANONICAL[name].unit]))
    return Finding(
        "warning",
        "unknown-unit",
        f"curve {candidate.name}",
        f"unit {candidate.unit!r}",
        f"a unit that converts to {CANONICAL[name].unit}: {known}",
        f"correct the unit, or add it under `{CANONICAL[name].unit}` in your SONDEFLOW_ALIASES; not used as {name}",
    )


def _ambiguous(names: Sequence[str], canonical: str) -> Finding:
    return Finding(
        "warning",
        "ambiguous-curve",
        f"curves {', '.join(names)}",
        f"{len(names)} curves that could be {canonical}",
        "one",
        f"none is used as {canonical}: rename the right one, or name it in your SONDEFLOW_ALIASES",
    )
