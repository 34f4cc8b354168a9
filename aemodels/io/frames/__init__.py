"""DLIS and LIS: binary files of frames, each a set of channels sampled on one index."""
