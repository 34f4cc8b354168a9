"""The code of a model: embeddings with their place, what they say of lithology, and intervals alike."""
