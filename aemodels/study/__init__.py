"""Steps of an experiment, from recordings to a bundle, and the hyperparameter search."""
