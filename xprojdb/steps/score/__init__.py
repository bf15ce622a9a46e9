"""Score: candidates, and the value that one scorer gives each of them."""
