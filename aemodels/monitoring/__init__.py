"""Reference statistics of the training data, and the drift of new data from them."""
