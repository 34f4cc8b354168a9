"""Mapping of a file's curves to the canonical curves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aemodels.core.findings import Finding
from aemodels.curves.by_unit import described_curves, excluded, named_curves, unit_families
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.recognise import STEPS_PER_TIER, Recognised, possible_names
from aemodels.curves.short_texts import kept
from aemodels.curves.tables import NO_UNIT, Aliases, find_name, load_aliases, normal_unit, unit_factor

BY_UNIT = 50 * STEPS_PER_TIER  # rank of a curve recognised by unit and family, behind all listed ones
CONDUCTIVITY = re.compile(r"(?:M?MHOS?|M?S|MILLI(?:MHOS?|SIEMENS))(?:[/.-]?M(?:ETER|ETRE)?)?")
DIAMETERS, DEPTH_FACTORS = ("CALI", "BS"), (1.0, 0.3048)  # diameters; metres per unit of depths
LAST = 10**7  # larger than the rank of any tier
SHOWN_UNITS = 8
Same = Callable[[int, int], bool]


@dataclass(frozen=True)
class Candidate:
    """A curve of a file, to be matched with a canonical curve.

    Args:
        name: name it keeps if it is not canonical (unique in the file).
        mnemonic: as the file spells it.
        unit: as the file spells it.
        observed: True if it has any value.
        order: number of the log in the file that it belongs to; curves of an earlier log take precedence.
        description: as the file states it.
    """

    name: str
    mnemonic: str
    unit: str
    observed: bool = True
    order: int = 0
    description: str = ""


@dataclass(frozen=True)
class CurveMatch:
    """A candidate matched with the canonical curve `name`; `factor` is None if the file states no unit."""

    name: str
    index: int
    factor: float | None


def resolve(
    candidates: Sequence[Candidate], aliases: Aliases | None = None, *, same: Same = lambda first, second: False
) -> tuple[tuple[CurveMatch, ...], tuple[Finding, ...]]:
    """Match a file's curves with the canonical curves.

    The canonical mnemonic takes precedence over an alias, an earlier tier over a later one, a curve with values over an
    empty one; two different curves of equal rank are ambiguous and neither is matched.

    Args:
        candidates: the file's curves, without the depth index.
        aliases: the tables; by default those of aliases.yaml.
        same: returns True if the candidates with two indices have the same values.

    Returns:
        Matches in the order of the canonical set, and findings for unknown units, ambiguous curves, and choices.
    """
    aliases = aliases or load_aliases()
    findings: list[Finding] = []
    ranked: dict[str, list[tuple[int, CurveMatch]]] = {}
    names = [_named(candidate, aliases) for candidate in candidates]
    for index, candidate in enumerate(candidates):
        found = _ranked(index, candidate, names[index], aliases)
        if isinstance(found, Finding):
            findings.append(found)
        elif found is not None:
            ranked.setdefault(found[1].name, []).append(found)
    matches = []
    for name in CANONICAL:
        best = _best(ranked.get(name, []))
        if len(best) > 1 and not all(same(best[0].index, other.index) for other in best[1:]):
            findings.append(_ambiguous([candidates[match.index].name for match in best], name))
        elif best:
            matches.append(best[0])
            left = [candidates[match.index] for _, match in ranked[name] if match is not best[0]]
            findings += _chosen(candidates[best[0].index], left, name)
    unknown = [candidate for candidate, name in zip(candidates, names, strict=True) if name is None]
    findings += _possible(unknown, {match.name for match in matches}, aliases)
    return tuple(matches), tuple(findings)


def _named(candidate: Candidate, aliases: Aliases) -> Recognised | None:
    """Return what a candidate is by its mnemonic, else by its unit together with its family or description."""
    found = find_name(candidate.mnemonic, aliases)
    if found is not None and not found.listed and _denied(candidate, found):
        found = None
    if found is not None and ((found.listed and not found.needs_unit) or _fits(candidate, found, aliases)):
        return found
    if normal_unit(candidate.unit) in NO_UNIT:
        return found
    by_unit = _by_unit(candidate, aliases)
    if by_unit is None and found is not None and not found.listed and _is_depth(candidate, found.name, aliases):
        return None
    return by_unit or found


def _denied(candidate: Candidate, found: Recognised) -> bool:
    return excluded(candidate.mnemonic, candidate.description, found.name, unit_families())


def _fits(candidate: Candidate, found: Recognised, aliases: Aliases) -> bool:
    if not found.listed and _is_depth(candidate, found.name, aliases):
        return False
    return unit_factor(found.unit or candidate.unit, CANONICAL[found.name].unit, aliases) is not None


def _is_depth(candidate: Candidate, name: str, aliases: Aliases) -> bool:
    """Return True for a diameter of no listed name in a unit of depths: the depth of the hole or of the bit."""
    return (
        name in DIAMETERS and unit_factor(candidate.unit, "m", aliases) in DEPTH_FACTORS and not candidate.description
    )


@kept
def _of_unit(unit: str, aliases: Aliases) -> frozenset[str]:
    """Return the canonical curves of a unit."""
    return frozenset(name for name, curve in CANONICAL.items() if unit_factor(unit, curve.unit, aliases) is not None)


def _by_unit(candidate: Candidate, aliases: Aliases) -> Recognised | None:
    """Return the only curve of the candidate's unit that its mnemonic or its description means, and neither denies."""
    fitting = _of_unit(candidate.unit, aliases)
    if not fitting:
        return None
    families = unit_families()
    named = fitting.intersection(named_curves(candidate.mnemonic, families, fitting))
    described = fitting.intersection(described_curves(candidate.description, families))
    names = named & described if named and described else named | described
    if len(names) != 1:
        return None
    (name,) = names
    if _is_depth(candidate, name, aliases) or excluded(candidate.mnemonic, candidate.description, name, families):
        return None
    return Recognised(name, BY_UNIT, listed=False, needs_unit=True)


def _ranked(
    index: int, candidate: Candidate, found: Recognised | None, aliases: Aliases
) -> tuple[int, CurveMatch] | Finding | None:
    """Return rank and match of a candidate; a finding if its unit is unknown; None if it is not recognised."""
    if found is None:
        return None
    if candidate.mnemonic.strip().upper() != found.name and aliases.rules.excludes(found.name, candidate.description):
        return None
    unsure = not found.listed or found.needs_unit
    stated = found.unit if normal_unit(candidate.unit) in NO_UNIT else candidate.unit
    factor = unit_factor(stated, CANONICAL[found.name].unit, aliases)
    without = normal_unit(stated) in NO_UNIT
    if factor is None and not without:
        other = unsure or (CANONICAL[found.name].log and CONDUCTIVITY.fullmatch(normal_unit(stated)))
        return None if other else _unknown_unit(candidate, found.name)
    if factor is None and found.needs_unit:
        return None
    rank = found.rank + (0 if candidate.observed else LAST) + LAST * LAST * candidate.order
    return rank, CurveMatch(found.name, index, factor)


def _chosen(chosen: Candidate, left: Sequence[Candidate], name: str) -> list[Finding]:
    """Return a finding that names the curves that also could be a canonical one."""
    others = [candidate.name for candidate in left if candidate.observed and candidate.order == chosen.order]
    if not others:
        return []
    found = f"{chosen.name}, {', '.join(others)}"
    remedy = f"{chosen.name} is used as {name}, the others keep their names; rank them in your SONDEFLOW_ALIASES"
    return [Finding("info", "curve-chosen", f"curve {chosen.name}", found, f"one curve that is {name}", remedy)]


def _possible(candidates: Sequence[Candidate], matched: set[str], aliases: Aliases) -> Iterator[Finding]:
    """Yield a finding per curve of no known name that may be a canonical one which the file lacks."""
    for candidate in candidates:
        if not candidate.observed:
            continue
        names = [name for name in possible_names(candidate.mnemonic, aliases.rules) if name not in matched]
        fitting = [name for name in names if unit_factor(candidate.unit, CANONICAL[name].unit, aliases) is not None]
        if fitting:
            line = f"mnemonics: {{{fitting[0]}: [[{candidate.mnemonic}]]}}"
            remedy = f"if it is {fitting[0]}, add to your SONDEFLOW_ALIASES: {line}"
            found = f"{candidate.mnemonic} in {candidate.unit}, which may be {' or '.join(fitting)}"
            yield Finding("info", "possible-curve", f"curve {candidate.name}", found, "a known mnemonic", remedy)


def _best(ranked: Sequence[tuple[int, CurveMatch]]) -> list[CurveMatch]:
    top = min((rank for rank, _ in ranked), default=0)
    return [match for rank, match in ranked if rank == top]


def _unknown_unit(candidate: Candidate, name: str) -> Finding:
    known = ", ".join(list(load_aliases().units[CANONICAL[name].unit])[:SHOWN_UNITS]) + " ..."
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
