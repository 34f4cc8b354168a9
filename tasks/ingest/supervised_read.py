"""Reading of single files for commands, in a supervised process: they may hang, crash a reader, or take all memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording
from aemodels.io.readers import read
from tasks.ingest.reading_process import Row, answer_of, reading_process
from tasks.settings import Settings
from tasks.storage.refs import Ref, load_recording, save_recording

ANSWER = "tasks.ingest.supervised_read:answer"
Read: TypeAlias = Callable[[Path], Recording]


@contextmanager
def reading_files(settings: Settings) -> Iterator[Read]:
    """Provide a function that reads a file; its process has limits of time and memory, and ends with the block.

    Args:
        settings: how files are read, and limits.

    Raises:
        UnreadableFileError: from the function, if the file cannot be read or exceeds a limit.
        MachineFaultError: from the function, if the machine is at fault and no file.
    """
    values = settings.model_dump(mode="json")
    with reading_process(ANSWER, settings) as ask:

        def supervised(path: Path) -> Recording:
            (found,) = ask({"path": str(path), "settings": values})
            if "ref" not in found:
                raise UnreadableFileError(tuple(Finding(**finding) for finding in found["findings"]))
            ref = Ref.model_validate(found["ref"])
            try:
                return load_recording(ref)
            finally:
                ref.path.unlink(missing_ok=True)

        yield supervised


def answer(line: str) -> str:
    """Read the file of a line, and return a reference to its recording as one line, for a worker process.

    The recording lies in the temporary folder of the process, which its parent removes.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    job = json.loads(line)
    settings = Settings(**job["settings"])

    def rows() -> list[Row]:
        try:
            recording = read(
                Path(job["path"]),
                aliases=settings.aliases,
                positions=settings.header_positions,
                limits=settings.limits,
            )
        except UnreadableFileError as error:
            return [{"findings": [finding.to_dict() for finding in error.findings]}]
        return [{"ref": save_recording(recording, Path(tempfile.gettempdir())).model_dump()}]

    return answer_of(rows, lambda finding: [{"findings": [finding.to_dict()]}])
