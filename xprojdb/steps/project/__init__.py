"""Project: a module for each method, and the stage they share."""
