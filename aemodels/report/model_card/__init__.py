"""Model cards for registered versions."""
