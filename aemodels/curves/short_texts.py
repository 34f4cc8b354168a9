"""Results of functions of short texts, kept for the next file with the same names and units."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MAX_KEPT, MAX_CHARACTERS = 2048, 64


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function that keeps its latest results; those of long texts are not kept, as they may be large.

    Args:
        function: a pure function of a text and hashable arguments.

    >>> kept(str.upper)("gr")
    'GR'
    """
    cached: Any = lru_cache(maxsize=MAX_KEPT)(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        text = args[0] if args else None
        result: T = (cached if isinstance(text, str) and len(text) <= MAX_CHARACTERS else function)(*args, **kwargs)
        return result

    return call
