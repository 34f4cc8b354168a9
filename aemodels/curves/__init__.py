"""Canonical curves: names, units and bounds, and the aliases of mnemonics and units."""
