"""The audit of dependencies: only what was looked up counts, and silence of the service is no success."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from helpers.dependency_audit import CLEAN, UNKNOWN, VULNERABLE, judge
from helpers.paths import TESTS

# as pip-audit 2.10 writes them
FINE = {"name": "six", "version": "1.17.0", "vulns": []}
FLAW = {"id": "PYSEC-2014-14", "fix_versions": ["2.3.0"], "aliases": ["CVE-2014-1829"], "description": "…"}
BAD = {"name": "requests", "version": "2.2.0", "vulns": [FLAW]}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (2.4.6)"}


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([FINE], CLEAN, "no vulnerability is known of 1 packages"),
        ([FINE, BAD], VULNERABLE, "requests 2.2.0: PYSEC-2014-14, corrected in 2.3.0"),
        ([FINE, SKIPPED], UNKNOWN, "of 1 of 2 packages the service returned no data (numpy)"),
        ([BAD, SKIPPED], VULNERABLE, "nothing is known about them"),
        ([], UNKNOWN, "of 0 of 0 packages"),
    ],
)
def test_what_was_not_looked_up_is_not_clean(packages, code, told):
    lines, found = judge({"dependencies": packages, "fixes": []})
    assert found == code
    assert told in "\n".join(lines)


@pytest.mark.skipif(find_spec("pip_audit") is not None, reason="pip-audit is installed beside the tests")
def test_a_tool_that_cannot_run_is_named_and_no_success(tmp_path):
    (tmp_path / "constraints.txt").write_text("six==1.17.0\n")
    command = [sys.executable, str(TESTS / "helpers" / "dependency_audit.py"), str(tmp_path / "constraints.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == UNKNOWN
    assert "could not be had, so nothing is known" in done.stdout
    assert "No module named pip_audit" in done.stdout
