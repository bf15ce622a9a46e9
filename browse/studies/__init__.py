"""Pages of studies: what was trained and measured, and what it comes to."""
