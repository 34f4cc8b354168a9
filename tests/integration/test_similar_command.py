"""`sondeflow similar` on files: its results, error messages and exit codes."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError, SpecError
from aemodels.core.interfaces import FitContext
from aemodels.core.types import Recording
from aemodels.denoisers.filters_1d.median import Median
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from aemodels.latent.choose_encoder import COMPONENTS, choose_encoder
from helpers.cheap_bundle import save_cheap_bundle
from helpers.recordings import make_line, make_section, make_well

pytest_plugins = ("helpers.flow_fixtures",)
STEP = 0.1524
TOP, BOTTOM = 300, 420  # samples of the interval in W-0
REPEAT = 555  # first sample of its repeat in W-1


def distinctive(values: np.ndarray) -> np.ndarray:
    """A saw that no other bed of these wells looks like."""
    teeth = np.abs((np.arange(BOTTOM - TOP) % 24) - 12) / 12
    return np.stack([20 + 110 * teeth, 2.0 + 0.7 * teeth**2]).astype(np.float32)


@pytest.fixture(scope="module")
def field(tmp_path_factory) -> Path:
    """Three wells of two curves; the interval of W-0 stands in W-1 again, 39 m deeper."""
    folder = tmp_path_factory.mktemp("similar")
    for number in range(3):
        well = make_well(f"W-{number}", samples=900, seed=number, curves=("GR", "RHOB"))
        values = well.values.copy()
        if number < 2:
            start = (TOP, REPEAT)[number]
            values[:, start : start + BOTTOM - TOP] = distinctive(values)
        write_las(well.with_values(values), folder / f"W-{number}.las")
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "b")


def depth(sample: int) -> float:
    return 1000.0 + STEP * sample


def asked(field: Path, bundle: Path, *more: str) -> tuple[str, ...]:
    interval = ("--from", f"{depth(TOP):.4f}", "--to", f"{depth(BOTTOM - 1):.4f}")
    return ("similar", str(field / "W-0.las"), *interval, "--bundle", str(bundle), *more)


@pytest.mark.parametrize("code", ["pca_wiener", COMPONENTS])
def test_the_planted_repeat_is_found_first(field, bundle, flow_home, command_json, code):
    done, answer = command_json(*asked(field, bundle, "--data", str(field), "--encoder", code, "--top", "4"))
    assert (done, answer["encoder"], answer["wells"]) == (0, code, 3)
    best, second = answer["rows"][:2]
    assert (Path(best["file"]).name, best["well"]) == ("W-1.las", "W-1")
    assert best["from"] == pytest.approx(depth(REPEAT), abs=4 * STEP)
    assert best["to"] - best["from"] == pytest.approx((BOTTOM - TOP - 1) * STEP, abs=0.01)
    assert best["relative"] < 0.5 * second["relative"]
    assert len(answer["rows"]) == 4


def test_without_data_the_well_itself_is_searched_and_the_interval_left_out(field, bundle, flow_home, command_json):
    done, answer = command_json(*asked(field, bundle))
    assert (done, answer["wells"], answer["encoder"]) == (0, 1, "pca_wiener")
    assert {row["well"] for row in answer["rows"]} == {"W-0"}
    assert all(row["to"] < depth(TOP) or row["from"] > depth(BOTTOM - 1) for row in answer["rows"])


def test_a_copy_of_the_well_and_another_file_of_it_do_not_give_the_interval_back(
    field, bundle, flow_home, command_json, tmp_path
):
    shutil.copy(field / "W-0.las", tmp_path / "copy.las")
    text = (field / "W-0.las").read_text() + "\n"
    (tmp_path / "again.las").write_text(text)
    _, answer = command_json(*asked(field, bundle, "--data", str(tmp_path)))
    assert answer["wells"] == 2, "one content once"
    assert all(row["relative"] > 0.1 for row in answer["rows"])


def test_depths_are_in_each_files_own_unit_and_steps_are_matched(field, bundle, flow_home, command_json, tmp_path):
    """W-1 in feet at three quarters of the step."""
    text = (field / "W-1.las").read_text()
    assert "W-1" in text
    in_feet(field / "W-1.las", tmp_path / "feet.las")
    done, answer = command_json(*asked(field, bundle, "--data", str(tmp_path), "--top", "1"))
    assert done == 0
    best = answer["rows"][0]
    assert best["unit"].upper() in {"F", "FT"}
    assert best["from"] * 0.3048 == pytest.approx(depth(REPEAT), abs=5 * STEP)


def in_feet(source: Path, target: Path) -> None:
    """Rewrite a well with depths in feet, sampled every 0.375 ft."""
    from aemodels.io.readers import read

    well: Recording = read(source)
    feet = np.arange(well.axis[0], well.axis[-1], 0.375 * 0.3048) / 0.3048
    rows = [np.interp(feet * 0.3048, well.axis, row) for row in well.values]
    table = "\n".join(" ".join(f"{value:.4f}" for value in line) for line in zip(feet, *rows, strict=True))
    target.write_text(
        "~V\nVERS. 2.0:\nWRAP. NO:\n~W\n"
        f"STRT.FT {feet[0]:.4f}:\nSTOP.FT {feet[-1]:.4f}:\nSTEP.FT 0.375:\nNULL. -999.25:\nWELL. F-1:\n"
        f"~C\nDEPT.FT:\nGR.GAPI:\nRHOB.G/CC:\n~A\n{table}\n"
    )


@pytest.mark.parametrize(
    ("top", "bottom", "said"),
    [
        ("5000", "5010", "logged from 1000.00 to 1137"),
        ("1050", "1040", "the smaller first"),
        ("1050", "1050.2", "holds 1 samples; expected at least 4"),
    ],
)
def test_an_interval_that_is_not_there_is_bad_usage(field, bundle, flow_home, command_json, top, bottom, said):
    arguments = ("similar", str(field / "W-0.las"), "--from", top, "--to", bottom, "--bundle", str(bundle))
    done, answer = command_json(*arguments)
    assert done == 2
    assert said in answer["error"]
    assert "W-0.las" in answer["error"]


def test_a_model_that_is_not_registered_is_named(field, command_json, monkeypatch, tmp_path):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path))
    done, answer = command_json(*asked(field, tmp_path)[:-1], "models:/sondeflow-logs@champion")
    assert done == 1
    assert "models:/sondeflow-logs@champion" in answer["error"]


def test_files_that_cannot_be_used_are_told_and_the_others_searched(field, bundle, flow_home, command_json, tmp_path):
    shutil.copy(field / "W-1.las", tmp_path)
    (tmp_path / "letter.las").write_text("Dear all,\n")
    write_segy(make_line(traces=12, samples=40), tmp_path / "line.sgy")
    other = make_well("W-9", samples=300, seed=9, curves=("NPHI", "DTC"))
    write_las(other, tmp_path / "other.las")
    done, answer = command_json(*asked(field, bundle, "--data", str(tmp_path)))
    assert done == 1
    assert answer["rows"][0]["well"] == "W-1"
    found = {Path(one["path"]).name: (one["severity"], one["code"]) for one in answer["findings"]}
    assert found["letter.las"][0] == "error"
    assert found["other.las"] == ("info", "few-curves")
    assert "line.sgy" not in found, "a folder may hold other things as well"
    assert answer["wells"] == 2


def test_a_line_has_no_intervals_and_a_bundle_for_lines_none_to_compare(bundle, flow_home, command_json, tmp_path):
    write_segy(make_line(traces=12, samples=40), tmp_path / "line.sgy")
    done, answer = command_json(
        "similar", str(tmp_path / "line.sgy"), "--from", "0", "--to", "1", "--bundle", str(bundle)
    )
    assert done == 1
    assert "is a seismic file" in answer["error"]


def test_the_interval_is_drawn_beside_those_found(field, bundle, flow_home, command_json, tmp_path):
    picture = tmp_path / "deep" / "alike.png"
    done, answer = command_json(*asked(field, bundle, "--data", str(field), "--picture", str(picture)))
    assert (done, answer["picture"]) == (0, str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_output_has_a_table_and_names_the_encoder(field, bundle, flow_home, command):
    done, out = command(*asked(field, bundle, "--data", str(field)))
    assert done == 0
    assert "W-1.las" in out
    assert "by the embeddings of pca_wiener" in out


def test_the_choice_of_an_encoder_is_reported_and_checked(bundle):
    loaded = Bundle.load(bundle)
    assert choose_encoder(loaded)[0] == "pca_wiener"
    with pytest.raises(SpecError, match="nosuch"):
        choose_encoder(loaded, "nosuch")
    sections = [make_section(make_well(samples=200, curves=("GR", "RHOB")).values)]
    median = Median().fit(sections, sections, FitContext(kind="logs", seed=0)).denoiser
    plain = dataclasses.replace(loaded, contenders={"pca_wiener": median}, denoiser=median)
    assert choose_encoder(plain)[0] == COMPONENTS
    with pytest.raises(SpecError, match="has no encoder"):
        choose_encoder(plain, "pca_wiener")
    with pytest.raises(BundleError, match="train it again"):
        choose_encoder(dataclasses.replace(plain, encoder=None))
