"""Commands that serve web pages."""
