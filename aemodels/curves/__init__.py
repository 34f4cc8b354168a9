"""Which curves sondeflow knows: canonical names, units, bounds, and the aliases that lead to them."""
