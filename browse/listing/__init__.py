"""The list of sentences: filters, facets, pages."""
