"""The tables of a recipe, a module each."""
