"""Task runners of the flows: threads of this process, or Dask."""
