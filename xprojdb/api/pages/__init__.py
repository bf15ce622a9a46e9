"""Database methods that show pages and let people review labels."""
