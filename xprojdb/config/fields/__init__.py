"""Types of the keys in a recipe's tables."""
