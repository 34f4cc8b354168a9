"""An open DLIS or LIS file, decoded by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.frames.frame import Column, Frame
from aemodels.io.frames.library import Damage, not_decodable, not_installed
from aemodels.io.las.file_sections import FILE_LIMIT, refusal
from aemodels.io.las.header import LasCurve

PROGRAM = "aemodels.io.frames.decoder"
CREDENTIALS = ("AWS_", "GOOGLE_", "AZURE_")  # start of the names of variables that object stores are opened with


@contextmanager
def open_frames(path: Path, form: str) -> Iterator[tuple[list[Frame], Damage]]:
    """Open a file and list its frames, which can be read as long as it is open.

    Args:
        path: the file.
        form: name of its format, "DLIS" or "LIS".

    Yields:
        (frames, record of what could not be decoded so far).

    Raises:
        UnreadableFileError: if it is not such a file, crashes the library, or dlisio is not installed.
        OSError: if it cannot be opened.
    """
    if find_spec("dlisio") is None:
        raise not_installed(path, form)
    size = path.stat().st_size
    if form == "LIS" and size > FILE_LIMIT:
        raise refusal("too-large", "file", f"{size / 1e9:.1f} GB", "at most 2 GiB", "split the file by logical file")
    # not the end of its links, which may be another file by now
    command = [sys.executable, "-m", PROGRAM, form, str(path.absolute()), str(os.getpid())]
    # it reads a file of strangers, so it gets no credentials of object stores
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CREDENTIALS)}
    environment = kept | {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **pipes) as process:  # noqa: S603 - our own interpreter and module
        try:
            decoder = _Decoder(process, form)
            yield decoder.frames(), decoder.damage
        finally:
            process.kill()


class _Decoder:
    """The answers of the process that decodes a file."""

    def __init__(self, process: subprocess.Popen[bytes], form: str) -> None:
        self.process, self.form, self.damage = process, form, Damage()

    def frames(self) -> list[Frame]:
        """Return the frames of the file.

        Raises:
            UnreadableFileError: if it cannot be decoded.
            OSError: if it cannot be opened.
        """
        answer = self._answer()
        if "errno" in answer and answer["errno"] is not None:
            raise OSError(answer["errno"], answer["text"])
        if "findings" in answer:
            raise UnreadableFileError(tuple(Finding(**finding) for finding in answer["findings"]))
        if "frames" not in answer:
            raise not_decodable(self.form, answer.get("text", ""))
        return [self._frame(described) for described in answer["frames"]]

    def _frame(self, described: dict[str, Any]) -> Frame:
        fields: dict[str, Any] = {
            **described,
            "curves": tuple(LasCurve(**curve) for curve in described["curves"]),
            "arrays": tuple(described["arrays"]),
            "texts": tuple(described["texts"]),
        }
        return Frame(columns=partial(self._columns, described["number"]), **fields)

    def _columns(self, number: int) -> list[Column]:
        """Return the columns of a frame.

        Raises:
            UnreadableFileError: if they cannot be decoded.
        """
        try:
            _pipe(self.process.stdin).write(b"%d\n" % number)
            _pipe(self.process.stdin).flush()
        except OSError as error:
            raise self._crashed() from error
        answer = self._answer()
        if answer["text"]:
            raise not_decodable(self.form, answer["text"])
        return [self._column(np.dtype(kind), rows) for kind, rows in answer["columns"]]

    def _column(self, dtype: np.dtype[Any], rows: int) -> Column:
        data = _pipe(self.process.stdout).read(rows * dtype.itemsize)
        if len(data) < rows * dtype.itemsize:
            raise self._crashed()
        return np.frombuffer(data, dtype=dtype)

    def _answer(self) -> dict[str, Any]:
        line = _pipe(self.process.stdout).readline()
        if not line.endswith(b"\n"):
            raise self._crashed()
        answer: dict[str, Any] = json.loads(line)
        for note in answer.get("damage", ()):
            self.damage.note(note)
        return answer

    def _crashed(self) -> UnreadableFileError:
        code = self.process.wait()
        return not_decodable(self.form, f"damage that crashes the library (exit {code})")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "opened as a pipe"
    return stream
