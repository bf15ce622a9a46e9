"""Shell completion: the candidates for names and ids, and the command that installs it."""
