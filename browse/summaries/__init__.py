"""Pages that sum up: overview, recipes, comparisons, runs."""
