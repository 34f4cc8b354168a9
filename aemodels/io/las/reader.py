"""The LAS reader: a file becomes a Recording with canonical curves."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aemodels.core.types import Recording, Source
from aemodels.curves.resolve import load_aliases
from aemodels.io.las.curves import to_channels
from aemodels.io.las.file_sections import refusal, refuse_bombs, split_file
from aemodels.io.las.multi_log import add_logs, find_logs, read_log


def read_las(path: Path, *, aliases: Path | None = None, section: int = 1) -> Recording:
    """Read a LAS file (1.2, 2.0, the log sections of 3.0; wrapped or not).

    A LAS 3.0 file may hold several logs, each a definition and its data. Those on the same depths as the one read
    are read with it; the others are told in findings.

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units that goes before the built-in one.
        section: which of the file's logs, from 1.

    Returns:
        A recording of kind "logs": canonical curves first, in canonical units, then the other numeric curves under
        their own names. Findings tell what was converted, left out or doubtful.

    Raises:
        UnreadableFileError: if the file holds no usable log.
        SpecError: if the aliases file is none.
        OSError: if it cannot be opened.
    """
    tables = load_aliases(override=aliases)
    refuse_bombs(path)
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    file = split_file(data)
    del data  # it may be there in another encoding now
    parts = dict(enumerate(find_logs(file), start=1))
    if section not in parts:
        raise refusal("no-data", "file", f"{len(parts)} logs", f"at least {section}", "name a log that is there")
    main = read_log(file, parts.pop(section), tables)
    curves, columns, findings = add_logs(file, main, list(parts.items()), tables)
    header, index, codec = main.header, main.index, file.codec
    del file, parts, main  # from here on the numbers are enough: a large file's bytes make room for them
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
            "encoding": codec,
            "depth_unit": header.curves[0].unit,
            "depth_factor": index.factor,
        },
        findings=(*findings, *curve_findings),
    )
