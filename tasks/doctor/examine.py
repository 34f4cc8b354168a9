"""Examination of an installation and its machine; a check that fails unexpectedly is a failed check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tasks.address import hide_credentials
from tasks.doctor import installation, machine
from tasks.doctor.check import Check, failed
from tasks.settings import Settings

CHECKS: dict[str, Callable[[Settings], Check | Iterable[Check]]] = {
    "versions": lambda _: machine.versions(),
    "permissions": installation.permissions,
    "folders": installation.folders,
    "disks": machine.disks,
    "memory": machine.memory,
    "ledger": installation.ledger,
    "clock": machine.clock,
    "tracking store": installation.tracking,
    "bundles": installation.champions,
    "results": installation.results,
    "probe file": installation.probe,
}


def examine(settings: Settings) -> Iterator[Check]:
    """Yield the result of each check; nothing of the installation is changed."""
    for name, check in CHECKS.items():
        try:
            found = check(settings)
            yield from [found] if isinstance(found, Check) else list(found)
        except Exception as error:  # noqa: BLE001 - one check must not end the others
            text = hide_credentials(f"{type(error).__name__}: {error}").splitlines()[0]
            yield failed(name, text, "see the other checks; report this if all of them pass")
