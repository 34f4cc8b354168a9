"""Processes whose parents have ended, seen and ended by the process that adopts them."""

from __future__ import annotations

import subprocess
import sys

import pytest

# a child that starts a grandchild and is killed: the grandchild ignores SIGTERM
SCENE = """
import os, signal, subprocess, sys, time
from flows.server.orphans import adopt_orphans, descendants, end_orphans, reap_orphans
from tasks.processes import is_running
adopt_orphans()
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
parent = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {stubborn!r}]).pid, flush=True); "
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
child = subprocess.Popen([sys.executable, "-c", parent + "input()"], **pipes)
grandchild = int(child.stdout.readline())
assert child.stdout.readline() == "up\\n"
assert descendants(os.getpid()) == {child.pid, grandchild}
child.kill()
child.wait()
assert is_running(grandchild) and descendants(os.getpid()) == {grandchild}, "it is ours now"
end_orphans(grace=0.5)
assert not is_running(grandchild) and not descendants(os.getpid())
quick = subprocess.Popen([sys.executable, "-c", ""])
quick.wait()
assert not is_running(quick.pid)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are adopted on Linux only")
def test_what_outlives_its_parent_is_adopted_and_ended():
    done = subprocess.run([sys.executable, "-c", SCENE], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
