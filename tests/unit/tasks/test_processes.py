"""Whether a process still runs."""

from __future__ import annotations

import os
import subprocess
import sys

from tasks.processes import is_running, process_identity


def test_a_process_is_known_until_it_ends_and_not_confused_with_another():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        before = process_identity(process.pid)
        assert before.startswith(f"{process.pid}@")
        assert before == process_identity(process.pid) != process_identity(os.getpid())
        assert is_running(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_running(process.pid), "one that nobody has reaped yet has ended"
    assert process_identity(process.pid) == ""
