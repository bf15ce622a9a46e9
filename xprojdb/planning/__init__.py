"""From a recipe to a plan: the steps it stands for, and the bitexts that each of them covers."""
