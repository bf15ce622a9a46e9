"""The Python API: one function or method for each thing that the command line can do."""
