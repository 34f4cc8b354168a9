"""Recognition of a curve that is not listed by its unit together with the family of its name or its description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aemodels.curves.short_texts import kept

FILE = Path(__file__).with_name("unit_families.yaml")
GRAMMAR = Path(__file__).with_name("company_grammar.yaml")
LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_TEXT = 40, 80, 400  # characters
SEPARATORS = re.compile(r"[\s_.:/()\[\]{}+*-]+")
CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
SHORTEST_PHRASE, MOST_WORDS = 6, 4  # characters of a mnemonic that may be a phrase; words of one with words in front
# "limestone matrix" says in which units a neutron porosity is; tools and resolutions in brackets say nothing of a curve
MATRIX_OF_UNITS = re.compile(r"(?:LIME|SAND|DOLO?)\w*[\s-]*(?:MATRIX|UNITS?)|MATRIX[\s:=-]*(?:LIME|SAND|DOLO?)\w*")
IN_BRACKETS = re.compile(r"^(?:\([^()]{0,20}\)\s*)+|\s*\{[^{}]{0,12}\}$")
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
        runs: codes of tools and passes that look like mnemonics.
    """

    names: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    not_names: Patterns = field(default_factory=dict)
    described: Patterns = field(default_factory=dict)
    not_described: Patterns = field(default_factory=dict)
    dictionary: Mapping[str, str] = field(default_factory=dict)
    other: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()


def _read(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one, where it was built
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - either is a safe loader


@lru_cache(maxsize=1)
def unit_families() -> UnitFamilies:
    """Return the families of the package."""
    tables, grammar = _read(FILE), _read(GRAMMAR)
    not_names, described, not_described = (
        {curve: tuple(map(re.compile, patterns)) for curve, patterns in tables[key].items()}
        for key in ("not_names", "described", "not_described")
    )
    forms = {curve: list(patterns) for curve, patterns in tables["names"].items()}
    for group in (group for groups in grammar.values() for group in groups):
        for curve, pattern in group["names"].items():
            forms.setdefault(curve, []).append(pattern)
    names = {curve: re.compile("|".join(patterns)) for curve, patterns in forms.items()}
    listed = {name: curve for curve, text in (tables.get("dictionary") or {}).items() for name in text.split()}
    other, runs = (frozenset(map(str, tables[key])) for key in ("other", "runs"))
    return UnitFamilies(names, not_names, described, not_described, listed, other, runs)


@kept
def named_curves(mnemonic: str, families: UnitFamilies, fitting: frozenset[str]) -> Sequence[str]:
    """Return the canonical curves whose families a mnemonic belongs to.

    Args:
        mnemonic: as the file spells it.
        families: the families.
        fitting: the canonical curves that have the unit of the curve.

    >>> [named_curves(name, unit_families(), frozenset({"GR"})) for name in ("4GR_TL", "TL_GR", "GR_SHALE")]
    [('GR',), ('GR',), ()]
    """
    name = mnemonic.strip().upper()
    if len(name) > LONGEST_NAME:
        return ()
    if families.dictionary.get(name) in fitting:
        return (families.dictionary[name],)
    plain = _plain(name)
    lengths = {curve: _matched_length(plain, curve, families) for curve in sorted(fitting & set(families.names))}
    if not any(lengths.values()) and len(plain) >= SHORTEST_PHRASE:
        return _by_phrase(_as_words(mnemonic), families, fitting)
    longest = max(lengths.values(), default=0)
    if longest and _names_another(plain, lengths, families):
        return ()
    return tuple(curve for curve, length in lengths.items() if length == longest > 0)


def _matched_length(plain: str, curve: str, families: UnitFamilies) -> int:
    """Return how many characters of a name belong to a family: the whole name, its first or its last words; 0 if none.

    Words in front of the last ones are tools, runs and edits; a word of another family makes a name another quantity.
    """
    if _is_other(plain, curve, families):
        return 0
    pattern = families.names[curve]
    first = next((part for part in _beginnings(plain) if pattern.fullmatch(part)), "")
    if first:
        return len(first)
    *front, last = plain.split("_")
    doubtful = any(len(word) == 1 or _is_name(word, families, families.names) for word in front)
    if len(front) >= MOST_WORDS or doubtful or _is_other(plain.replace("_", ""), curve, families):
        return 0
    return len(last) if len(last) > 1 and pattern.fullmatch(last) else 0


def _names_another(plain: str, lengths: Mapping[str, int], families: UnitFamilies) -> bool:
    """Return True if a word behind the first is a mnemonic of another curve of the same unit: a ratio, a separation."""
    others = [curve for curve, length in lengths.items() if not length]
    return any(word not in families.runs and _is_name(word, families, others) for word in plain.split("_")[1:])


def _by_phrase(text: str, families: UnitFamilies, fitting: frozenset[str]) -> tuple[str, ...]:
    """Return the curves that a mnemonic which is a description means; none if it names a curve of another unit."""
    words = text.upper().split()
    if any(_is_name(word, families, set(families.names) - fitting) for word in words):
        return ()
    return tuple(curve for curve in described_curves(text, families) if curve in fitting)


def _is_name(word: str, families: UnitFamilies, curves: Iterable[str]) -> bool:
    """Return True if a word is a mnemonic of one of some canonical curves."""
    return any(families.names[curve].fullmatch(word) for curve in curves)


def _as_words(mnemonic: str) -> str:
    """Return a mnemonic as a text of words: separators and changes to capitals divide it."""
    return SEPARATORS.sub(" ", CAPITAL.sub(" ", mnemonic.strip()))


def _plain(mnemonic: str) -> str:
    name = UNIT_IN_BRACKETS.sub("", mnemonic.strip().upper()[: LONGEST_NAME + 1])
    return SEPARATORS.sub("_", name).strip("_")


def _is_other(plain: str, curve: str, families: UnitFamilies) -> bool:
    words = not families.other.isdisjoint(plain.split("_"))
    patterns = (*families.not_names["any"], *families.not_names.get(curve, ()))
    return words or any(pattern.search(plain) for pattern in patterns)


def _beginnings(plain: str) -> Iterator[str]:
    """Yield a name, and what is left of it without its last words, the longest first."""
    words = plain.split("_")
    return ("_".join(words[:count]) for count in range(len(words), 0, -1))


def _text(description: str) -> str:
    """Return a description in upper case, without blanks in series and brackets of the tool or the format."""
    text = IN_BRACKETS.sub("", " ".join(description[:LONGEST_TEXT].upper().split()))[:LONGEST_DESCRIPTION]
    return MATRIX_OF_UNITS.sub("", text) if "NEUT" in text else text


def excluded(mnemonic: str, description: str, curve: str, families: UnitFamilies) -> bool:
    """Return True if a mnemonic or a description says that a curve is another quantity than the canonical one."""
    plain, text = _plain(mnemonic), _text(description)
    other = (*families.not_described["any"], *families.not_described.get(curve, ()))
    listed = mnemonic.strip().upper() in families.dictionary
    return (not listed and _is_other(plain, curve, families)) or any(pattern.search(text) for pattern in other)


@kept
def described_curves(description: str, families: UnitFamilies) -> Sequence[str]:
    """Return the canonical curves that a description may mean, given that the unit fits.

    >>> [described_curves(about, unit_families()) for about in ("Compensated bulk density", "Density porosity")]
    [('RHOB',), ()]
    """
    text = _text(description)
    return tuple(
        curve
        for curve, patterns in families.described.items()
        if any(pattern.search(text) for pattern in patterns) and not excluded("", text, curve, families)
    )
