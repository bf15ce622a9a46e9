"""Pages on which people judge labels."""
