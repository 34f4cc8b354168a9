"""The well and the line that every file of tests/data/formats holds, each by a formula."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import Channel, Recording, Source

SAMPLES, TRACES = 40, 12
STEP_M, TOP_M, STEP_S = 0.5, 1000.0, 0.004


def known_well() -> Recording:
    """Return a well of 40 depths from 1000 m: GR and RHOB with two decimals at most, RHOB missing at three depths."""
    number = np.arange(SAMPLES)
    values = np.stack([40.0 + (7 * number) % 60 + 0.5 * (number % 2), 2.2 + 0.01 * ((3 * number) % 40)]).round(2)
    values[1, 10:13] = np.nan
    return Recording(
        values=values.astype(np.float32),
        axis=TOP_M + STEP_M * number,
        channels=(Channel("GR", "gAPI"), Channel("RHOB", "g/cm3")),
        kind="logs",
        source=Source("known-well", "0" * 64),
        name="KNOWN-1",
    )


def known_line() -> Recording:
    """Return a line of 12 traces of 40 samples, 4 ms: even numbers of -40..40, exact in every sample format."""
    trace, sample = np.arange(TRACES)[:, None], np.arange(SAMPLES)[None, :]
    values = 2 * ((3 * trace + 5 * sample + trace * sample) % 41 - 20)
    headers = [{"inline": 3, "crossline": 100 + n, "cdp_x": 4000 + n, "cdp_y": 70000} for n in range(TRACES)]
    return Recording(
        values=values.astype(np.float32),
        axis=STEP_S * np.arange(SAMPLES),
        channels=tuple(Channel(f"trace {n}", "amplitude", header) for n, header in enumerate(headers)),
        kind="seismic",
        source=Source("known-line", "0" * 64),
        name="KNOWN-LINE",
    )


KNOWN = {"logs": known_well, "seismic": known_line}
