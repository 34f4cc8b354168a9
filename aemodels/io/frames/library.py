"""The library that decodes DLIS and LIS files, imported when one is read."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.las.file_sections import refusal

EXTRA = "pip install 'sondeflow[dlis]'"
PROBLEM = re.compile(r"Problem:\s*(.+)")
PREFIX = re.compile(r"^[\w:.]*dlisio[\w:.]*: ")
MAX_TEXT = 160
CODES = {"DLIS": "not-dlis", "LIS": "not-lis"}


@dataclass
class Damage:
    """Record of what could not be decoded in a file.

    Args:
        notes: problems as the library states them.
    """

    notes: list[str] = field(default_factory=list)

    def note(self, message: object) -> None:
        """Record a problem."""
        match = PROBLEM.search(str(message))
        text = PREFIX.sub("", (match[1] if match else str(message)).strip())[:MAX_TEXT]
        if text not in self.notes:
            self.notes.append(text)

    def findings(self) -> tuple[Finding, ...]:
        """Return a finding if anything could not be decoded."""
        if not self.notes:
            return ()
        count = f", and {len(self.notes) - 1} more" if len(self.notes) > 1 else ""
        remedy = "what could be decoded is used; check whether the file is complete"
        found = f"{self.notes[0]}{count}"
        return (Finding("warning", "damaged-records", "file", found, "records that can be decoded", remedy),)


@contextmanager
def decoding(path: Path, form: str) -> Iterator[tuple[ModuleType, Any, Damage]]:
    """Provide the library, quiet, with an error handler that records damage instead of raising it.

    Args:
        path: the file to be read, for messages.
        form: name of its format, "DLIS" or "LIS".

    Yields:
        (the module of the format, its error handler, the record of damage).

    Raises:
        UnreadableFileError: if the library is not installed, or cannot make sense of the file.
        OSError: if the file cannot be opened.
    """
    try:
        from dlisio import common, dlis, lis
    except ImportError as error:
        raise not_installed(path, form) from error
    damage, log, before = Damage(), logging.getLogger("dlisio"), common.get_encodings()
    handler = common.ErrorHandler(info=_ignore, minor=_ignore, major=_ignore, critical=damage.note)
    log.addHandler(logging.NullHandler())
    log.propagate = False
    common.set_encodings(["latin1"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield (dlis if form == "DLIS" else lis), handler, damage
    except (UnreadableFileError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise not_decodable(form, str(error)) from error
    finally:
        common.set_encodings(before)


def not_installed(path: Path, form: str) -> UnreadableFileError:
    """Return the error about a file that takes a library which is not there."""
    found = f"{path.name} is a {form} file, and dlisio is not installed"
    return refusal("no-driver", "file", found, "dlisio, which decodes it", EXTRA)


def not_decodable(form: str, reason: str) -> UnreadableFileError:
    """Return the error about a file that is not of its format, or damaged beyond use."""
    damage = Damage()
    damage.note(reason)
    found = f"no records that can be decoded: {damage.notes[0] or 'nothing of this format'}"
    return refusal(CODES[form], "file", found, f"a {form} file", "check what the file is, and whether it is complete")


def _ignore(message: object) -> None:
    """Ignore what does not impair the values."""
