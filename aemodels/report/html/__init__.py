"""Self-contained HTML pages for one scored file."""
