"""Known vulnerabilities of exact versions: `python dependency_audit.py constraints.txt`, with pip-audit.

pip-audit skips packages that its service does not know, and succeeds; here only what was looked up counts.
Exit code 0: none is known of any package. 1: some are known. 2: the data could not be had, wholly or for some packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2
SHOWN = 5  # packages that a message names


def audit(requirements: Path) -> tuple[list[str], int]:
    """Look up the exact versions in a file; return the lines to print and the exit code."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr.strip().splitlines() or ["pip-audit wrote nothing"])[-1]
        return [f"the vulnerability data could not be had, so nothing is known: {said[:500]}"], UNKNOWN
    return judge(found)


def judge(found: dict[str, Any]) -> tuple[list[str], int]:
    """Return the lines to print and the exit code for the JSON of pip-audit."""
    packages = found["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, corrected in {', '.join(flaw['fix_versions']) or '-'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    code = VULNERABLE if lines else CLEAN
    if skipped or not packages:
        named = ", ".join(skipped[:SHOWN]) + (" …" if len(skipped) > SHOWN else "")
        lines.append(
            f"of {len(skipped)} of {len(packages)} packages the service returned no data ({named}), so nothing is "
            "known about them; repeat it where PyPI's vulnerability data can be reached"
        )
        code = code or UNKNOWN
    elif code == CLEAN:
        lines.append(f"no vulnerability is known of {len(packages)} packages")
    return lines, code


def main() -> None:
    """Print the result, and exit with its code."""
    lines, code = audit(Path(sys.argv[1]))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
