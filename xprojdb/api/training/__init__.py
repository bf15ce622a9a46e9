"""Database methods that train models and compare them."""
