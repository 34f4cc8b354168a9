"""For the scoring processes of one test: readers that die in the ways that real ones have died."""

from __future__ import annotations

import os
import signal


def _loop(*_: object) -> None:
    while True:
        pass


def _hog(*_: object) -> None:
    blocks = []
    while True:
        blocks.append(bytearray(os.urandom(1024)) * 4096)


def _crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _raise(*_: object) -> None:
    raise RuntimeError("planned")


def _install() -> None:
    import sys

    if any("worker_process" in part for part in sys.orig_argv):
        from aemodels.io import readers

        readers.READERS.update({".loop": _loop, ".hog": _hog, ".crash": _crash, ".raise": _raise})  # type: ignore[dict-item]


_install()
