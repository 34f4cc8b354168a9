"""Linear models fitted on training sections: principal components, ridge regression, co-kriging."""
