"""Diagnostics of denoisers that complement the gains.

Signal distortion, thin-bed response, gap lengths, Noise2Self gain, interval coverage and paired differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import Section
from aemodels.evaluate.denoising.compare import summarise_denoising
from aemodels.evaluate.denoising.gaps import gap_table, summarise_gaps
from aemodels.evaluate.denoising.interval_coverage import coverage_table, summarise_coverage
from aemodels.evaluate.denoising.noise2self import noise2self_table, summarise_noise2self
from aemodels.evaluate.denoising.paired import paired_table
from aemodels.evaluate.denoising.signal_distortion import signal_distortion_table, summarise_signal_distortion
from aemodels.evaluate.denoising.thin_bed_response import thin_bed_table
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.adjoining_sections import join_adjoining

_BED_PANELS = 2  # a well holds about a hundred planted beds per curve, so two wells or lines suffice


def denoising_diagnostics(
    spec: ExperimentSpec, denoisers: Mapping[str, Denoiser], sections: Sequence[Section], table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the diagnostic tables by name.

    Args:
        spec: the experiment.
        denoisers: fitted, by contender name.
        sections: clean hold-out sections.
        table: gains on the same sections, from `compare.denoising_table`.
    """
    conditions = {condition.name: condition.noise for condition in spec.test_conditions}
    panels = [panel for panel, _ in join_adjoining(sections)]
    distortion = signal_distortion_table(denoisers, sections, channels=spec.curves)
    noise2self = noise2self_table(denoisers, sections, channels=spec.curves, seed=spec.seed)
    tables = {
        "denoising_paired": paired_table(table),
        "denoising_curves": curve_summary(table, spec.curves),
        "signal_distortion": distortion,
        "signal_distortion_summary": summarise_signal_distortion(distortion),
        "thin_bed_response": thin_bed_table(denoisers, panels[:_BED_PANELS], kind=spec.kind, seed=spec.seed),
        "noise2self": noise2self,
        "noise2self_summary": summarise_noise2self(noise2self),
    }
    if spec.kind == "logs":
        tables["gap_lengths"] = summarise_gaps(gap_table(denoisers, sections, seed=spec.seed))
    coverage = coverage_table(denoisers, sections, conditions, seed=spec.seed)
    if len(coverage):
        tables["coverage"] = summarise_coverage(coverage)
    return tables


def curve_summary(table: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """Summarise the gains per curve (pooled if there are none), as `summarise_denoising` with a column channel."""
    parts = [summarise_denoising(table, channel=name).assign(channel=name) for name in channels or ("all",)]
    summary = pd.concat(parts, ignore_index=True)
    return summary[["channel", *summary.columns.drop("channel")]]
