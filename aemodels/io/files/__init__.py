"""Files of any format: atomic writes, hashes, gzip, size limits."""
