"""Train: the steps that train models, their training sets, and trained taggers."""
