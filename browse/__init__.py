"""Web pages on a database: sentences with their labels and provenance, and review of labels by people."""
