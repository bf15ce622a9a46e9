"""The built-in scorers, a module each."""
