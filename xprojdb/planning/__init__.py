"""Turn a recipe into a plan: its steps, and the bitexts that each of them covers."""
