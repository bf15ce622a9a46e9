"""Types that the keys of a recipe's tables have."""
