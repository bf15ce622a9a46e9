"""Results of pages and reviews."""
