"""Long calculations in other threads end soon after the program is interrupted, not hours later."""

from __future__ import annotations

import threading

from aemodels.core.errors import StoppedError

_ASKED = threading.Event()  # of this process


def ask_to_stop() -> None:
    """Let every calculation of this process that calls `check_stop` end at its next call."""
    _ASKED.set()


def forget_stop() -> None:
    """Let calculations run again."""
    _ASKED.clear()


def check_stop() -> None:
    """Raise if the program was interrupted; called from the loops of long calculations.

    Raises:
        StoppedError: if it was.
    """
    if _ASKED.is_set():
        raise StoppedError("interrupted; what is finished is kept, and the same command goes on from there")
