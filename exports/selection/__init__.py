"""Select the data to export: filters on sentences, and choices among those that pass them."""
