"""LAS reader."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aemodels.core.types import Recording, Source
from aemodels.curves.tables import load_aliases
from aemodels.io.las.curves import to_channels
from aemodels.io.las.file_sections import refusal, refuse_bombs, split_file
from aemodels.io.las.multi_log import add_logs, find_logs, read_log


def read_las(path: Path, *, aliases: Path | None = None, section: int = 1) -> Recording:
    """Read a LAS file (1.2, 2.0, the log sections of 3.0; wrapped or not).

    A LAS 3.0 file may have several logs. Those with the same depths as the requested one are read with it; the others
    are reported in findings.

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units, which takes precedence over the built-in one.
        section: number of the log in the file, from 1.

    Returns:
        A recording of kind "logs": canonical curves first, in canonical units, then the other numeric curves under
        their own names. Findings report what was converted, skipped or doubtful.

    Raises:
        UnreadableFileError: if the file has no usable log.
        SpecError: if the aliases file is invalid.
        OSError: if the file cannot be opened.
    """
    tables = load_aliases(override=aliases)
    refuse_bombs(path)
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    file = split_file(data)
    del data  # `file` may hold a copy in another encoding
    logs = dict(enumerate(find_logs(file), start=1))
    if section not in logs:
        raise refusal("no-data", "file", f"{len(logs)} logs", f"at least {section}", "choose an existing log")
    main = read_log(file, logs.pop(section), tables)
    curves, columns, findings = add_logs(file, main, list(logs.items()), tables)
    header, index, codec = main.header, main.index, file.codec
    del file, logs, main  # the bytes of a large file are not needed any more
    values, channels, curve_findings = to_channels(curves, columns, tables)
    return Recording(
        values=values,
        axis=index.axis,
        channels=channels,
        kind="logs",
        source=Source(str(path), sha256),
        name=header.well.get("WELL", "") or path.stem,
        headers={
            "well": dict(header.well),
            "parameters": {name: value for name, (_, value) in header.others.items()},
            "units": {name: unit for name, (unit, _) in header.others.items()} | dict(header.units),
            "encoding": codec,
            "depth_unit": header.curves[0].unit,
            "depth_factor": index.factor,
            "depth_column": header.depth_column,
        },
        findings=(*findings, *curve_findings),
    )
