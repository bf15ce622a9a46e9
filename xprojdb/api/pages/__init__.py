"""The methods of a database that show pages and let people review labels."""
