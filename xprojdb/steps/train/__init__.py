"""Train: the steps whose results are models, the training sets they read, and the taggers they become."""
