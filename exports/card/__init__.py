"""The data set card: what it says and how it is rendered."""
