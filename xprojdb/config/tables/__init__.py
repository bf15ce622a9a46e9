"""The tables of a recipe, one module each."""
