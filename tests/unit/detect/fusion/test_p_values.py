"""A scale of p-values made weaker."""

from __future__ import annotations

import numpy as np

from aemodels.detect.fusion.p_values import fit_p_values


def test_a_weaker_scale_divides_inside_and_beyond_the_levels():
    rng = np.random.default_rng(3)
    scale = fit_p_values([rng.exponential(size=5000).astype(np.float32)])
    scores = np.linspace(0, 15, 50, dtype=np.float32)
    np.testing.assert_allclose(scale.weaker(2.5).transform(scores), scale.transform(scores) / 2.5, rtol=1e-5)
