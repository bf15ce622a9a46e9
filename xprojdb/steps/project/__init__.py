"""Project: a module for each method, and what they share."""
