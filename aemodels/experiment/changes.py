"""Single values of an experiment set from outside: `contenders.unet.model.inner.training.epochs=300`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import yaml

from aemodels.core.errors import SpecError


def with_changes(document: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return an experiment as read from YAML with single values replaced or added; the original stays as it is.

    Args:
        document: mapping of the YAML file.
        changes: "PATH=VALUE" each. PATH: keys separated by dots; an element of a list is named by its `name` or by its
            place from 0. VALUE: YAML, e.g. 300, false or [48, 64].

    Raises:
        SpecError: if a change has no equals sign or its path leads through something that is not there.
    """
    document = copy.deepcopy(document)
    for change in changes:
        path, sign, text = change.partition("=")
        if not (path and sign):
            raise SpecError(f"{change}: expected PATH=VALUE, e.g. seed=7")
        keys = path.split(".")
        parent: Any = document
        for key in keys[:-1]:
            parent = parent[_place(parent, key, change)]
        parent[_place(parent, keys[-1], change, new=True)] = _value(text, change)
    return document


def _place(parent: Any, key: str, change: str, *, new: bool = False) -> str | int:
    """Return the key or index of an element; `new`: a key of a mapping need not be there yet."""
    if isinstance(parent, dict) and (new or key in parent):
        return key
    known: list[str] = []
    if isinstance(parent, dict):
        known = [str(name) for name in parent]
    elif isinstance(parent, list):
        names = [str(element["name"]) if isinstance(element, dict) and "name" in element else "" for element in parent]
        if key in names:
            return names.index(key)
        if key.isdecimal() and int(key) < len(parent):
            return int(key)
        known = [name or str(index) for index, name in enumerate(names)]
    expected = f"one of {', '.join(known)}" if known else "no further key, as that is a single value"
    raise SpecError(f"{change}: no {key!r} there; expected {expected}")


def _value(text: str, change: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SpecError(f"{change}: the value is not YAML: {error}") from error
