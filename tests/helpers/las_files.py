"""Small LAS files as text, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read_las

CURVES = (("GR", "gAPI"), ("RHOB", "g/cm3"))
ROWS = ("100.0 50.0 2.30", "100.5 60.0 2.40", "101.0 70.0 2.50", "101.5 80.0 2.60")


def las_text(rows=ROWS, curves=CURVES, **changes: str) -> str:
    """A LAS file; keyword arguments replace header values (wrap, null, start, stop, step, unit, dlm, extra, title)."""
    h = {
        "wrap": "NO",
        "null": "-999.25",
        "start": "100.0",
        "stop": "101.5",
        "unit": "m",
        "strt_unit": "",
        "well": "A-1",
    }
    h |= {"dlm": "", "version": "2.0", "title": "~Ascii", "depth": "DEPT"} | changes
    lines = ["~Version", f"VERS. {h['version']} : v", f"WRAP. {h['wrap']} : w"]
    lines += [f"DLM. {h['dlm']} : d"] if h["dlm"] else []
    unit = h["strt_unit"] or h["unit"]
    lines += [
        "~Well",
        f"STRT.{unit} {h['start']} : s",
        f"STOP.{unit} {h['stop']} : s",
        f"STEP.{unit} {h.get('step', step_of(rows))} : s",
    ]
    lines += [f"NULL. {h['null']} : n", f"WELL. {h['well']} : WELL", "~Curve", f"{h['depth']}.{h['unit']} : depth"]
    lines += [f"{mnemonic}.{unit} : {mnemonic} description" for mnemonic, unit in curves]
    return "\n".join([*lines, h["title"], *rows]) + "\n"


def step_of(rows: Sequence[str]) -> str:
    """The step between the first two depths; 0.5 if they are not plain numbers at the start of lines."""
    try:
        first, second = (float(row.split()[0]) for row in rows[:2])
    except (ValueError, IndexError):
        return "0.5"
    return f"{second - first:g}" if second != first else "0.5"


def read_text(folder: Path, text: str | bytes, name: str = "x.las") -> Recording:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_las(path)


def refused(folder: Path, text: str | bytes) -> dict[str, str]:
    """Code -> where of the findings with which a file is refused."""
    with pytest.raises(UnreadableFileError) as caught:
        read_text(folder, text)
    assert any(finding.severity == "error" for finding in caught.value.findings)
    return {finding.code: finding.where for finding in caught.value.findings}


def codes(recording: Recording, severity: str = "warning") -> list[str]:
    return [finding.code for finding in recording.findings if finding.severity == severity]
