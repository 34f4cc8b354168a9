"""Everything that denoises, and the registry of it."""
