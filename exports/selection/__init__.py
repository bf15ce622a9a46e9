"""Cut a data set out of what was projected: filters on sentences, and choices among those that pass them."""
