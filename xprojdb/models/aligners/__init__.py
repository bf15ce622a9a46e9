"""Word aligners, one variant per module."""
