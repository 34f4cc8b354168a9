"""For the scoring processes of one test: readers that die in the ways that real ones have died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def _loop(*_: object) -> None:
    while True:
        pass


def _hog(*_: object) -> None:
    blocks = []
    while True:
        blocks.append(bytearray(os.urandom(1024)) * 4096)


def _hog_in_a_child(*_: object) -> None:
    code = (
        "import os, time\nparent, blocks = os.getppid(), []\nwhile os.getppid() == parent:\n"
        "    time.sleep(0.001)\n    if len(blocks) < 1500:\n        blocks.append(bytearray(b'x' * 2**20))\n"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=False)


def _crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _raise(*_: object) -> None:
    raise RuntimeError("planned")


def _install() -> None:
    if any("worker_process" in part for part in sys.orig_argv):
        from aemodels.io import readers

        poison = {".loop": _loop, ".hog": _hog, ".childhog": _hog_in_a_child, ".crash": _crash, ".raise": _raise}
        readers.READERS.update(poison)  # type: ignore[arg-type]


_install()
