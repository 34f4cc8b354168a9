"""Everything a comparison of denoisers says beside the gains: harm, beds, gaps, blind gain, coverage, paired gains."""

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

_BED_PANELS = 2  # a bed is planted into every curve a hundred times a well: two wells, or lines, say enough


def denoising_diagnostics(
    spec: ExperimentSpec, denoisers: Mapping[str, Denoiser], sections: Sequence[Section], table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Tables by name, for the sections that `table` (`compare.denoising_table`) was made on."""
    conditions = {condition.name: condition.noise for condition in spec.test_conditions}
    panels = [panel for panel, _ in join_adjoining(sections)]
    harm = signal_distortion_table(denoisers, sections, channels=spec.curves)
    blind = noise2self_table(denoisers, sections, channels=spec.curves, seed=spec.seed)
    tables = {
        "denoising_paired": paired_table(table),
        "denoising_curves": curve_summary(table, spec.curves),
        "signal_distortion": harm,
        "signal_distortion_summary": summarise_signal_distortion(harm),
        "thin_bed_response": thin_bed_table(denoisers, panels[:_BED_PANELS], kind=spec.kind, seed=spec.seed),
        "noise2self": blind,
        "noise2self_summary": summarise_noise2self(blind),
    }
    if spec.kind == "logs":
        tables["gap_lengths"] = summarise_gaps(gap_table(denoisers, sections, seed=spec.seed))
    coverage = coverage_table(denoisers, sections, conditions, seed=spec.seed)
    if len(coverage):
        tables["coverage"] = summarise_coverage(coverage)
    return tables


def curve_summary(table: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """`summarise_denoising` of each curve, with the curve's name in a first column; the pooled rows without curves."""
    parts = [summarise_denoising(table, channel=name).assign(channel=name) for name in channels or ("all",)]
    whole = pd.concat(parts, ignore_index=True)
    return whole[["channel", *whole.columns.drop("channel")]]
