"""Wall clock of the machine: jumps since it was last looked at, after which ages say nothing."""

from __future__ import annotations

import json
import time

from aemodels.io.files.atomic import atomic_path
from tasks.ledger import boot_id
from tasks.settings import Settings
from tasks.storage.folders import private_folder

NAME = "clock.json"
MAX_DRIFT_SECONDS = 3600.0  # of the wall clock from the time since the boot


def clock_fault(settings: Settings) -> str:
    """Return what is wrong with the wall clock since it was last recorded, "" if nothing is known to be."""
    try:
        last = json.loads((settings.home / NAME).read_text(encoding="utf-8"))
        wall, running, boot = float(last["wall"]), float(last["running"]), str(last["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # never recorded
    now = time.time()
    if boot == boot_id():
        drift = (now - wall) - (_since_boot() - running)
        if abs(drift) > MAX_DRIFT_SECONDS:
            return f"the clock jumped by {drift / 3600:+.1f} h since it was last looked at"
    elif now < wall - MAX_DRIFT_SECONDS:
        return f"the clock is {(wall - now) / 3600:.1f} h behind the time at which it was last looked at"
    return ""


def record_clock(settings: Settings) -> None:
    """Record wall clock, time since the boot, and boot, so that a jump is noticed the next time."""
    private_folder(settings.home)
    seen = {"wall": time.time(), "running": _since_boot(), "boot": boot_id()}
    with atomic_path(settings.home / NAME) as temporary:
        temporary.write_text(json.dumps(seen), encoding="utf-8")


def _since_boot() -> float:
    """Return the time since the boot in s, with the time that the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
