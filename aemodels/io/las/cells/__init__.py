"""Cells of the data section: splitting of rows, numbers, decimal marks, words for missing values."""
