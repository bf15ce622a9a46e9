"""What the functions of the API return: typed, convertible, and readable in a terminal and a notebook."""
