"""The results of API functions: typed, convertible, and readable in a terminal or a notebook."""
