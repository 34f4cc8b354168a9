"""Tasks that read files and write the generated field."""
