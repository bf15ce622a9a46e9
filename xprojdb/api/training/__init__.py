"""The methods of a database that train models and compare them."""
