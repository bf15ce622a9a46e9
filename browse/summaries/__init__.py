"""Summary pages: overview, recipes, comparisons, runs."""
