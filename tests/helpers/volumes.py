"""A small 3-D survey with holes, as SEG-Y and as a plain Zarr store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aemodels.core.types import Channel, Recording, Source
from aemodels.io.segy.writer import write_segy

INLINES, CROSSLINES, SAMPLES = np.arange(200, 220), np.arange(1000, 1080, 2), 64
SHAPE = (INLINES.size, CROSSLINES.size, SAMPLES)


def live() -> np.ndarray:
    """bool[inline, crossline]: 40 of 800 places have no trace, among them a whole corner."""
    mask = np.ones(SHAPE[:2], dtype=bool)
    mask[:3, :8] = False
    mask.reshape(-1)[97::53] = False
    return mask


def cube() -> np.ndarray:
    """float32[inline, crossline, sample]: dipping layers with noise, a dead, a spiky and a reversed trace."""
    rng = np.random.default_rng(5)
    inline, crossline, sample = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    values = np.sin(0.5 * sample + 0.05 * inline + 0.03 * crossline) * np.sin(0.11 * sample) * 1000
    values += rng.normal(0, 20, SHAPE)
    values[6, 10] = 0
    values[9, 20, 30] = 1e5
    values[12, 5] *= -1
    return values.astype(np.float32)


def survey() -> Recording:
    """The live traces, inline after inline."""
    mask = live()
    places = enumerate(zip(*np.nonzero(mask), strict=True))
    channels = tuple(Channel(f"trace {n}", "amplitude", {"trace": n, **_headers(*place)}) for n, place in places)
    axis = 0.004 * np.arange(SAMPLES)
    return Recording(cube()[mask], axis, channels, "seismic", Source("survey", "0" * 64), "survey")


def _headers(row: int, column: int) -> dict[str, float]:
    coordinates = {"cdp_x": 1000.0 + 25 * column, "cdp_y": 5000.0 + 50 * row}
    return {"inline": int(INLINES[row]), "crossline": int(CROSSLINES[column]), **coordinates}


def write_survey(path: Path) -> Path:
    """Write the survey as SEG-Y."""
    write_segy(survey(), path)
    return path


def write_store(path: Path, *, zarr_format: int = 3, chunks: tuple[int, ...] = (7, 16, 25)) -> Path:
    """Write the survey with xarray, as a plain store: padding is NaN, the mask says where."""
    import xarray

    mask = live()
    values = np.where(mask[..., None], cube(), np.float32("nan"))
    rows, columns = np.meshgrid(np.arange(SHAPE[0]), np.arange(SHAPE[1]), indexing="ij")
    data = xarray.Dataset(
        {
            "seismic": (("iline", "xline", "twt"), values, {"units": "pressure", "survey": "made up"}),
            "live_mask": (("iline", "xline"), mask),
        },
        coords={
            "iline": INLINES,
            "xline": CROSSLINES,
            "twt": ("twt", 4.0 * np.arange(SAMPLES), {"units": "ms"}),
            "cdp_x": (("iline", "xline"), 1000.0 + 25 * columns),
            "cdp_y": (("iline", "xline"), 5000.0 + 50 * rows),
        },
        attrs={"crs": "EPSG:23031"},
    )
    data.to_zarr(path, zarr_format=zarr_format, encoding={"seismic": {"chunks": chunks}}, consolidated=True)
    return path
