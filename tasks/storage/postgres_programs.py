"""Programs of PostgreSQL on this machine: of the system's packages, and of the wheel `pgserver`."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")  # Debian keeps one folder per version


@dataclass(frozen=True)
class Installation:
    """A folder of programs of PostgreSQL.

    Args:
        folder: of the programs.
        major: its major version.
        bundled: it is part of the wheel.
    """

    folder: Path
    major: int
    bundled: bool


def installations(*names: str) -> list[Installation]:
    """Return the installations that have programs of these names, the newest last.

    Of one version the system's comes after the wheel's.
    """
    found = [Installation(folder, _major(folder / names[0]), True) for folder in _bundled() if _has(folder, names)]
    found += [Installation(folder, _major(folder / names[0]), False) for folder in _installed(names)]
    return sorted(found, key=lambda one: (one.major, not one.bundled))


def client_program(name: str) -> Path | None:
    """Return the newest program of a name, which understands all older servers; None if there is none."""
    found = installations(name)
    return found[-1].folder / name if found else None


def _installed(names: tuple[str, ...]) -> list[Path]:
    beside = shutil.which(names[0])
    listed = [] if beside is None else [Path(beside).resolve().parent]  # Debian's own is a script for all versions
    listed += DEBIAN.glob("*/bin") if DEBIAN.is_dir() else []
    return [folder for folder in dict.fromkeys(listed) if _has(folder, names)]


def _bundled() -> list[Path]:
    """Return the programs in the wheel, without importing it: its import starts nothing that we need."""
    spec = find_spec("pgserver")
    return [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "pginstall" / "bin"]


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    return all((folder / name).exists() for name in names)


def _major(program: Path) -> int:
    """Return the major version, from "postgres (PostgreSQL) 15.6 (Debian …)"; 0 if the program cannot run."""
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [str(program), "--version"],
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    number = done.stdout.partition("(PostgreSQL)")[2].strip().partition(".")[0]
    return int(number) if number.isdigit() else 0
