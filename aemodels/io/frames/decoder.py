"""The program that decodes a DLIS or LIS file in a process of its own: damaged files can crash the library.

It writes a line of JSON per answer on its standard output, followed by the bytes of columns: first the frames; then,
for each number of a frame that it reads on its standard input, the columns of that frame.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from aemodels.core.errors import UnreadableFileError
from aemodels.io.frames.dlis import dlis_frames
from aemodels.io.frames.frame import Frame
from aemodels.io.frames.library import Damage, decoding
from aemodels.io.frames.lis import lis_frames

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

MAX_SECONDS = 1800  # of computing
_PR_SET_PDEATHSIG = 1
FORMS = {"DLIS": dlis_frames, "LIS": lis_frames}


def limit_time() -> None:
    """End this process after a time that no file takes, if the system can: on damage the library may never end."""
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        seconds = MAX_SECONDS if most == resource.RLIM_INFINITY else min(MAX_SECONDS, most)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))


def end_with(parent: int) -> None:
    """Have the system kill this process as soon as its parent has ended, even if the library never ends (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before
            os._exit(1)


def main(arguments: Sequence[str]) -> None:
    """Decode a file.

    Args:
        arguments: name of the format, and path of the file.
    """
    form, path = arguments
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)  # what the library prints is no answer
        try:
            with decoding(Path(path), form) as (module, handler, damage), module.load(path, handler) as files:
                _serve(FORMS[form](list(files)), damage, output)
        except UnreadableFileError as error:
            _answer(output, {"findings": [finding.to_dict() for finding in error.findings]})
        except OSError as error:
            _answer(output, {"errno": error.errno, "text": error.strerror or str(error)})
        except MemoryError:
            _answer(output, {"text": "out of memory"})


def _serve(frames: Sequence[Frame], damage: Damage, output: BinaryIO) -> None:
    described = [
        {**{name: value for name, value in vars(frame).items() if name != "columns"}, "curves": _curves(frame)}
        for frame in frames
    ]
    _answer(output, {"frames": described, "damage": damage.notes})
    by_number = {frame.number: frame for frame in frames}
    for line in sys.stdin.buffer:
        columns: list[Any] = []
        text = ""
        try:
            columns = by_number[int(line)].columns()
        except Exception as error:  # noqa: BLE001 - data of a damaged file
            text = str(error) or type(error).__name__
        kinds = [[column.dtype.str, len(column)] for column in columns]
        _answer(output, {"columns": kinds, "text": text, "damage": damage.notes})
        for column in columns:
            output.write(np.ascontiguousarray(column).data)
        output.flush()


def _curves(frame: Frame) -> list[dict[str, Any]]:
    return [dataclasses.asdict(curve) for curve in frame.curves]


def _answer(output: BinaryIO, content: dict[str, Any]) -> None:
    output.write(json.dumps(content, default=dict).encode() + b"\n")
    output.flush()


if __name__ == "__main__":
    limit_time()
    end_with(int(sys.argv[3]))
    with suppress(BrokenPipeError):
        main(sys.argv[1:3])
