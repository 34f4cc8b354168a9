"""What a newcomer relies on: exact versions, the targets of the Makefile, packaged data, the container files."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
QUIET = {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
TARGETS = (
    "help",
    "install",
    "demo",
    "test",
    "test-all",
    "lint",
    "check",
    "bench",
    "stack",
    "stack-down",
    "sbom",
    "audit",
)


def pins() -> dict[str, Version]:
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
    found: dict[str, Version] = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name), f"{line!r} is not an exact version of a package"
            found[str(canonicalize_name(name))] = Version(version)
    return found


def requirements() -> list[Requirement]:
    declared = PROJECT["project"]
    extras = [text for group in declared["optional-dependencies"].values() for text in group]
    return [Requirement(text) for text in [*declared["dependencies"], *extras]]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_dependency_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    version = pins().get(str(canonicalize_name(requirement.name)))
    assert version is not None, f"constraints.txt has no version of {requirement.name}"
    assert requirement.specifier.contains(version), f"{requirement.name}=={version} is outside {requirement.specifier}"


def test_constraints_name_no_place() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|@|^-", text, flags=re.MULTILINE)
    assert len(pins()) > 100, "the whole closure, not the direct dependencies alone"


def test_make_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in TARGETS:
        assert re.search(rf"^\s+make {target}\s", listed, flags=re.MULTILINE), f"make help does not list {target}"


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "help"])
def test_every_target_can_be_planned(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_continuous_check_runs_the_documented_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    # a failure of the tests ends the script; one of the lint beside them is waited for
    assert lines[-2:] == ["make test", 'wait "$lint"']
    assert "make lint &" in lines
    assert "set -euo pipefail" in lines
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_workflow_calls_the_continuous_check() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert any(step.get("run") == ".ci/run" for step in steps)
    assert any(step.get("with", {}).get("python-version") == "3.11" for step in steps)


def test_hooks_before_a_commit_are_local_and_run_what_lint_runs() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert {repository["repo"] for repository in repositories} == {"local"}
    commands = [hook["entry"] for repository in repositories for hook in repository["hooks"]]
    lint = subprocess.run(["make", "-n", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    checks = [line for line in lint.splitlines() if line.startswith(".venv/bin/") and " pip " not in line]
    assert len(checks) == len(commands) == 5
    assert [command.split()[0] for command in commands] == [check.split()[0] for check in checks]


def test_data_files_travel_with_the_packages() -> None:
    globs = PROJECT["tool"]["setuptools"]["package-data"]
    for package in ("aemodels", "tasks", "flows"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix not in {".py", ".pyc"}:
                place = str(path.relative_to(ROOT / package))
                assert any(fnmatch.fnmatch(place, glob) for glob in globs.get(package, [])), f"{path} is not packaged"


def test_containers_are_healthy_quiet_and_not_root() -> None:
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {"postgres", "mlflow", "prefect", "worker", "initialise"} <= set(services)
    for name, service in services.items():
        ends = name in {"initialise", "sondeflow", "s3-bucket"}
        assert "healthcheck" in service or ends, f"{name} has no health check"
        if service["image"] == "sondeflow":
            assert QUIET.items() <= service["environment"].items(), f"{name} reports home"
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)", dockerfile, flags=re.MULTILINE)
    assert "-c constraints.txt" in dockerfile
    assert all(f"{name}={value}" in dockerfile for name, value in QUIET.items())
