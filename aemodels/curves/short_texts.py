"""Results of functions of short texts, kept for the next file with the same names and units."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

P, T = ParamSpec("P"), TypeVar("T")
MAX_KEPT, MAX_CHARACTERS = 2048, 64


def kept(function: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
    """Return a function that keeps its latest results; those of long texts are made anew, as they may take much memory.

    Args:
        function: a pure function of a text and hashable arguments.

    >>> kept(str.upper)("gr")
    'GR'
    """
    cached = lru_cache(maxsize=MAX_KEPT)(function)

    @wraps(function)
    def call(text: str, *args: P.args, **kwargs: P.kwargs) -> T:
        return (cached if len(text) <= MAX_CHARACTERS else function)(text, *args, **kwargs)

    return call
