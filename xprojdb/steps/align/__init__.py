"""Align: the stage, its variants, and how ``[align]`` becomes steps."""
