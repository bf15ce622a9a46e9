"""One module per revision, numbered; written by hand, importing nothing of today's tables."""
