"""Seeded synthetic field: wells and seismic lines of one layered earth, with known truth."""

from __future__ import annotations

from aemodels.synthetic.facies import Facies
from aemodels.synthetic.field import FieldManifest, sample_field
from aemodels.synthetic.spec import FieldSpec, LineSpec, StructureSpec, ToolSpec

__all__ = ["Facies", "FieldManifest", "FieldSpec", "LineSpec", "StructureSpec", "ToolSpec", "sample_field"]
