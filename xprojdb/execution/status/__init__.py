"""What a database says of its steps and runs."""
