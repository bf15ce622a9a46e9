"""Quality: scores of translations, stored as rows, by which later steps and exports can leave out the worst."""
