"""Bundle: a trained scorer in one directory of JSON and plain arrays."""
