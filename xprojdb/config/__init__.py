"""Recipes: a module for each table, with its keys and defaults, and the recipes that come with the package."""
