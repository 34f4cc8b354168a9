"""Recognition of a curve that is not listed by its unit together with the family of its name or its description."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from aemodels.curves.short_texts import kept

FILE = Path(__file__).with_name("unit_families.yaml")
LONGEST_NAME, LONGEST_DESCRIPTION = 40, 80  # characters
SEPARATORS = re.compile(r"[\s_.:/()\[\]{}+*-]+")
UNIT_IN_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]{0,12}/[^()\[\]{}]{0,12}[)\]}]$")
Patterns = Mapping[str, tuple[re.Pattern[str], ...]]


@dataclass(frozen=True, eq=False)
class UnitFamilies:
    """Patterns of names and descriptions per canonical curve, and of what makes them another quantity.

    Args:
        names: for whole mnemonics in upper case with "_" for every separator.
        not_names: found anywhere in such a mnemonic.
        described: found anywhere in a description in upper case.
        not_described: the same; those of "any" for every curve.
        dictionary: mnemonic -> canonical curve, for names that no family holds.
        other: words of mnemonics that make another quantity of any curve.
    """

    names: Patterns = field(default_factory=dict)
    not_names: Patterns = field(default_factory=dict)
    described: Patterns = field(default_factory=dict)
    not_described: Patterns = field(default_factory=dict)
    dictionary: Mapping[str, str] = field(default_factory=dict)
    other: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def unit_families() -> UnitFamilies:
    """Return the families of the package."""
    tables = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    names, not_names, described, not_described = (
        {curve: tuple(map(re.compile, patterns)) for curve, patterns in tables[key].items()}
        for key in ("names", "not_names", "described", "not_described")
    )
    listed = {name: curve for curve, text in (tables.get("dictionary") or {}).items() for name in text.split()}
    return UnitFamilies(names, not_names, described, not_described, listed, frozenset(map(str, tables["other"])))


@kept
def named_curves(mnemonic: str, families: UnitFamilies) -> Sequence[str]:
    """Return the canonical curves whose families a mnemonic belongs to, given that its unit fits.

    >>> named_curves("4GR_TL", unit_families()), named_curves("GR_SHALE", unit_families())
    (('GR',), ())
    """
    name = mnemonic.strip().upper()
    if len(name) > LONGEST_NAME:
        return ()
    if name in families.dictionary:
        return (families.dictionary[name],)
    plain = _plain(name)
    lengths = {curve: _matched_length(plain, curve, families) for curve in families.names}
    longest = max(lengths.values())
    return tuple(curve for curve, length in lengths.items() if length == longest > 0)


def _matched_length(plain: str, curve: str, families: UnitFamilies) -> int:
    """Return how many characters of a name belong to a family: the whole name, or its first words; 0 if none do."""
    if _is_other(plain, curve, families):
        return 0
    parts = (part for part in _beginnings(plain) if any(pattern.fullmatch(part) for pattern in families.names[curve]))
    return len(next(parts, ""))


def _plain(mnemonic: str) -> str:
    name = UNIT_IN_BRACKETS.sub("", mnemonic.strip().upper()[: LONGEST_NAME + 1])
    return SEPARATORS.sub("_", name).strip("_")


def _is_other(plain: str, curve: str, families: UnitFamilies) -> bool:
    words = not families.other.isdisjoint(plain.split("_"))
    return words or any(pattern.search(plain) for pattern in families.not_names.get(curve, ()))


def _beginnings(plain: str) -> Iterator[str]:
    """Yield a name, and what is left of it without its last words, the longest first."""
    words = plain.split("_")
    return ("_".join(words[:count]) for count in range(len(words), 0, -1))


def excluded(mnemonic: str, description: str, curve: str, families: UnitFamilies) -> bool:
    """Return True if a mnemonic or a description says that a curve is another quantity than the canonical one."""
    plain, text = _plain(mnemonic), description.strip().upper()[:LONGEST_DESCRIPTION]
    other = (*families.not_described["any"], *families.not_described.get(curve, ()))
    listed = mnemonic.strip().upper() in families.dictionary
    return (not listed and _is_other(plain, curve, families)) or any(pattern.search(text) for pattern in other)


@kept
def described_curves(description: str, families: UnitFamilies) -> Sequence[str]:
    """Return the canonical curves that a description may mean, given that the unit fits.

    >>> [described_curves(about, unit_families()) for about in ("Compensated bulk density", "Density porosity")]
    [('RHOB',), ()]
    """
    text = description.strip().upper()[:LONGEST_DESCRIPTION]
    return tuple(
        curve
        for curve, patterns in families.described.items()
        if any(pattern.search(text) for pattern in patterns) and not excluded("", text, curve, families)
    )
