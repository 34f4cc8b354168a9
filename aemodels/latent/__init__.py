"""Embeddings of windows: with their depths, as features for lithology, and for the search of similar intervals."""
