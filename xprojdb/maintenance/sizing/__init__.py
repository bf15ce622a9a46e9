"""What a database takes, and what a larger one would."""
