"""Recipes: a module for each table with its keys and defaults, and the built-in recipes."""
