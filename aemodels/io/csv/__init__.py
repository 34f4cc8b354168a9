"""Well logs as delimited text: reader and scored copy."""
