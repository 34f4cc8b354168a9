"""Identity of wells: which files belong to one well, and names that tell wells apart."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from aemodels.core.types import Recording

API_DIGITS = 10  # state, county and well; what follows numbers sidetracks and runs of the same well


def plain_name(name: str) -> str:
    """Return a well name in lower case with its separators unified.

    >>> plain_name("31/3-1"), plain_name("31_3-1")
    ('31_3_1', '31_3_1')
    """
    return re.sub(r"[^0-9a-zA-Z]+", "_", name).strip("_").lower()


def well_identifier(recording: Recording) -> str:
    """Return the API number or unique well identifier of the header in plain form; "" if it has neither.

    Of an API number the first ten digits count, which identify the well (API Bulletin D12A); a unique well identifier
    is compared as a whole.
    """
    fields = recording.headers.get("well", {})
    if not isinstance(fields, Mapping):
        return ""
    digits = re.sub(r"\D", "", str(fields.get("API", "")))
    return digits[:API_DIGITS] if len(digits) >= API_DIGITS else plain_name(str(fields.get("UWI", "")))


def well_keys(recordings: Sequence[Recording]) -> list[str]:
    """Return one key per recording; recordings of one well have the same key.

    Two files are of one well if they have the same identifier, or the same name and no two different identifiers.
    Names alone are not enough: many wells are called "1".
    """
    identifiers = [well_identifier(recording) for recording in recordings]
    named: dict[str, set[str]] = defaultdict(set)
    for recording, identifier in zip(recordings, identifiers, strict=True):
        named[plain_name(recording.name)] |= {identifier} if identifier else set()
    known: dict[str, str] = {}  # identifier → name of the first recording that has it
    for recording, identifier in zip(recordings, identifiers, strict=True):
        known.setdefault(identifier, plain_name(recording.name))
    keys = []
    for recording, identifier in zip(recordings, identifiers, strict=True):
        name = plain_name(recording.name)
        if not identifier:
            keys.append(name if len(named[name]) != 1 else _key(next(iter(named[name])), known, named))
        else:
            keys.append(_key(identifier, known, named))
    return keys


def _key(identifier: str, known: Mapping[str, str], named: Mapping[str, set[str]]) -> str:
    """Return the name of the well if the name is its own, else name and identifier."""
    name = known[identifier]
    return name if len(named[name]) == 1 else f"{name} {identifier}"


def with_distinct_names(recordings: Sequence[Recording]) -> list[Recording]:
    """Return the recordings; those whose name another well has too get their identifier or file name added."""
    keys = well_keys(recordings)
    wells: dict[str, set[str]] = defaultdict(set)
    for recording, key in zip(recordings, keys, strict=True):
        wells[plain_name(recording.name)].add(key)
    out = []
    for recording in recordings:
        if len(wells[plain_name(recording.name)]) == 1:
            out.append(recording)
            continue
        added = well_identifier(recording) or recording.source.path.stem
        out.append(dataclasses.replace(recording, name=f"{recording.name} ({added})"))
    return out
