"""Autoencoders: one file per architecture, a spec with `build`."""
