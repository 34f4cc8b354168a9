"""Tasks that fit, compare, record and promote."""
