"""Everything a comparison of denoisers says beside the gains: harm, beds, gaps, blind gain, coverage, paired gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from aemodels.contract import Denoiser
from aemodels.evaluate.beds import bed_table
from aemodels.evaluate.blind import blind_table, summarise_blind
from aemodels.evaluate.compare import summarise_denoising
from aemodels.evaluate.coverage import coverage_table, summarise_coverage
from aemodels.evaluate.gaps import gap_table, summarise_gaps
from aemodels.evaluate.harm import harm_table, summarise_harm
from aemodels.evaluate.paired import paired_table
from aemodels.experiment import ExperimentSpec
from aemodels.signal.lines import joined
from aemodels.types import Section

_BED_PANELS = 2  # a bed is planted into every curve a hundred times a well: two wells, or lines, say enough


def denoising_evidence(
    spec: ExperimentSpec, denoisers: Mapping[str, Denoiser], sections: Sequence[Section], table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Tables by name, for the sections that `table` (`compare.denoising_table`) was made on."""
    conditions = {condition.name: condition.noise for condition in spec.conditions}
    panels = [panel for panel, _ in joined(sections)]
    harm = harm_table(denoisers, sections, channels=spec.curves)
    blind = blind_table(denoisers, sections, channels=spec.curves, seed=spec.seed)
    tables = {
        "denoising_paired": paired_table(table),
        "denoising_curves": curve_summary(table, spec.curves),
        "clean_change": harm,
        "clean_change_summary": summarise_harm(harm),
        "beds": bed_table(denoisers, panels[:_BED_PANELS], kind=spec.kind, seed=spec.seed),
        "blind": blind,
        "blind_summary": summarise_blind(blind),
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
