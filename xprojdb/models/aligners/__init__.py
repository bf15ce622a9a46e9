"""Word aligners, a variant a module."""
