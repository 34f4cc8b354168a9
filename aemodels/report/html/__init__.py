"""Self-contained HTML pages: report of a scored file, and interactive figures."""
