"""Recognition of a mnemonic by listed names, by families, and without the suffixes of programs, tools and edits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from aemodels.curves.short_texts import kept

MAX_LENGTH = 40  # characters of a mnemonic; longer texts are descriptions
STEPS_PER_TIER = 100  # ranks between two tiers, for suffixes
SEPARATORS = "_-:. "
TRAILING = SEPARATORS + "*+/"  # marks of a repeated or spliced curve
MIN_HIGH_RESOLUTION = 3  # characters, with the H
MAX_SEPARATORS = 8  # of a mnemonic with suffixes; every one doubles the readings of it
BRACKETS = re.compile(r"([^()\[\]{}]{1,40})[(\[{]([^()\[\]{}]{1,20})[)\]}]")
RUN = re.compile(r"(?:R|RUN|P|PASS|V|VER)?_?([0-9]{1,2})")
JOINT = re.compile(r"(?<=[A-Z])[\s._-]{1,3}(?=[A-Z])")


@dataclass(frozen=True)
class Family:
    """A regular expression for whole mnemonics, with the canonical curve and the tier of those that match.

    Mnemonics of a family that `needs_unit` count only with a unit of the curve.
    """

    pattern: re.Pattern[str]
    name: str
    tier: int
    needs_unit: bool = False


@dataclass(frozen=True, eq=False)
class NameRules:
    """Rules for mnemonics that are not listed.

    Args:
        families: tried in order.
        suffixes: canonical curve, or "any" -> what may follow its mnemonics, best first.
        prefixes: what may stand before a mnemonic.
        endings: what may follow a listed mnemonic without a separator.
        numbered: canonical curves whose listed mnemonics may end in a digit.
        high_resolution: canonical curves whose listed mnemonics may begin with an H.
        with_unit: mnemonics that count only with a unit of the curve.
        stems: canonical curve -> beginnings of words in names that make a curve a possible one.
        not_described: canonical curve -> words in a description that make it another quantity.
    """

    families: tuple[Family, ...] = ()
    suffixes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prefixes: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    numbered: frozenset[str] = frozenset()
    high_resolution: frozenset[str] = frozenset()
    with_unit: frozenset[str] = frozenset()
    stems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_described: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def excludes(self, name: str, description: str) -> bool:
        """Return True if the description of a curve says that it is not the canonical one."""
        text = description.upper()
        return any(word in text for word in self.not_described.get(name, ()))


@dataclass(frozen=True)
class Recognised:
    """A recognised mnemonic.

    Args:
        name: canonical curve.
        rank: lower is better.
        listed: True if the mnemonic is listed as it is.
        unit: unit in brackets behind the mnemonic; "" if there is none.
        needs_unit: True if it counts only with a unit of the curve.
    """

    name: str
    rank: int
    listed: bool = True
    unit: str = ""
    needs_unit: bool = False

    def derived(self, penalty: int) -> Recognised:
        """Return what a mnemonic with something added to this one is."""
        return replace(self, rank=self.rank + penalty, listed=False)


def name_rules(tables: Mapping[str, Any]) -> NameRules:
    """Return the rules of an aliases file."""
    families = [
        Family(re.compile(pattern), name, tier, needs_unit=key != "families")
        for key in ("families", "families_with_unit")
        for name, tiers in (tables.get(key) or {}).items()
        for tier, patterns in enumerate(tiers, start=1)
        for pattern in patterns
    ]
    suffixes, stems, not_described = (
        {str(name): tuple(map(str, words)) for name, words in (tables.get(key) or {}).items()}
        for key in ("suffixes", "stems", "not_described")
    )
    prefixes, numbered, high_resolution, with_unit = (
        frozenset(map(str, tables.get(key) or ())) for key in ("prefixes", "numbered", "high_resolution", "with_unit")
    )
    return NameRules(
        families=tuple(families),
        suffixes=suffixes,
        prefixes=prefixes,
        endings=tuple(map(str, tables.get("endings") or ())),
        numbered=numbered,
        high_resolution=high_resolution,
        with_unit=with_unit,
        stems=stems,
        not_described=not_described,
    )


def recognise(mnemonic: str, listed: Mapping[str, tuple[str, int]], rules: NameRules) -> Recognised | None:
    """Return the canonical curve of a mnemonic; None if it is not recognised.

    In this order: the listed name; a name with a unit in brackets; a name without suffix or prefix; a name without
    blanks, points and dashes between letters; a family.

    Args:
        mnemonic: as the file spells it.
        listed: upper-case mnemonic -> (canonical name, tier).
        rules: rules for other names.

    >>> recognise("GR_1", {"GR": ("GR", 0)}, NameRules()).name
    'GR'
    """
    name = mnemonic.strip().upper()
    if name in listed:
        return _listed(name, listed, rules)
    if len(name) > MAX_LENGTH:
        return None
    bracketed = BRACKETS.fullmatch(name)
    if bracketed:
        inner = recognise(bracketed[1], listed, rules)
        return None if inner is None else replace(inner.derived(1), unit=bracketed[2])
    name = name.rstrip(TRAILING)
    found = min(_derived(name, listed, rules), key=lambda match: match.rank, default=None)
    return found or _plain(name, listed, rules) or _joined(name, listed, rules)


def _listed(name: str, listed: Mapping[str, tuple[str, int]], rules: NameRules) -> Recognised:
    curve, tier = listed[name]
    return Recognised(curve, tier * STEPS_PER_TIER, needs_unit=name in rules.with_unit)


def _plain(name: str, listed: Mapping[str, tuple[str, int]], rules: NameRules) -> Recognised | None:
    """Return what a name is by the list or by a family; None if it is neither."""
    return _listed(name, listed, rules) if name in listed else _by_family(name, rules)


def _derived(name: str, listed: Mapping[str, tuple[str, int]], rules: NameRules) -> Iterator[Recognised]:
    """Yield what a name may be without its suffix or prefix, or written in one."""
    places = [n for n, character in enumerate(name) if character in SEPARATORS and 0 < n < len(name) - 1]
    for place in places if len(places) <= MAX_SEPARATORS else ():
        before, after = name[:place].strip(SEPARATORS), name[place + 1 :].strip(SEPARATORS)
        if before and after:
            inner = recognise(before, listed, rules)
            penalty = None if inner is None else _penalty(after, inner.name, rules)
            if inner is not None and penalty is not None:
                yield inner.derived(penalty)
            if before in rules.prefixes and (inner := recognise(after, listed, rules)) is not None:
                yield inner.derived(1)
    squeezed = JOINT.sub("", name)
    if squeezed != name and squeezed in listed:
        yield _listed(squeezed, listed, rules).derived(1)


def _joined(name: str, listed: Mapping[str, tuple[str, int]], rules: NameRules) -> Recognised | None:
    """Return what a name is without an ending, a number or an H that has no separator; None if it is nothing.

    An H is for high resolution, or for a tool for hot wells.
    """
    ending = next((end for end in rules.endings if name.endswith(end) and len(name) - len(end) >= 2), None)
    if ending is not None:
        inner = recognise(name.removesuffix(ending), listed, rules)
        return None if inner is None else inner.derived(1 + rules.endings.index(ending))
    if len(name) > 2 and name[-1] in "123456789" and name[-2].isalpha():
        inner = _plain(name[:-1], listed, rules)
        if inner is not None and inner.name in rules.numbered:
            return inner.derived(int(name[-1]))
    if len(name) > MIN_HIGH_RESOLUTION and name[0] == "H":
        inner = _plain(name[1:], listed, rules) or _joined(name[1:], listed, rules)
        if inner is not None and inner.name in rules.high_resolution:
            return inner.derived(STEPS_PER_TIER // 2)
    return None


def _penalty(suffix: str, name: str, rules: NameRules) -> int | None:
    """Return the rank of a suffix; None if it is not one."""
    run = RUN.fullmatch(suffix)
    if run is not None:
        return min(int(run[1]), 60)
    known = (*rules.suffixes.get(name, ()), *rules.suffixes.get("any", ()))
    return 1 + known.index(suffix) if suffix in known else None


def _by_family(name: str, rules: NameRules) -> Recognised | None:
    match = next((family for family in rules.families if family.pattern.fullmatch(name)), None)
    if match is None:
        return None
    return Recognised(match.name, match.tier * STEPS_PER_TIER + 1, listed=False, needs_unit=match.needs_unit)


@lru_cache(maxsize=256)
def _words(name: str) -> tuple[str, ...]:
    return tuple(re.split(r"[^A-Z0-9]+", name))


@kept
def possible_names(mnemonic: str, rules: NameRules) -> Sequence[str]:
    """Return the canonical curves that a mnemonic of no known name may be, by the stems in it."""
    name = mnemonic.strip().upper()
    words = _words(name)
    if len(name) > MAX_LENGTH or not OTHER_QUANTITIES.isdisjoint(words):
        return ()
    return tuple(curve for curve, stems in rules.stems.items() if any(word.startswith(stems) for word in words))


# Words that make another quantity of a curve, or are our own additions.
OTHER_QUANTITIES = frozenset(
    {"QC", "FLAG", "DIFF", "SD", "STD", "STDEV", "ERR", "ERROR", "SYN", "SYNT", "SYNTH", "PRED", "MODEL", "DN"}
    | {"ANOM", "BADLOG", "MIN", "MAX", "MATRIX", "MA", "FL", "FLUID", "UNCERTAINTY"}
)
