"""Reviews: what a person says about the flagged intervals of a well."""
