"""The values, protocols and errors that everything else uses."""
