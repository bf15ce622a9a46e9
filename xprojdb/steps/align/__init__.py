"""Align: the stage, its variants, and the steps that ``[align]`` stands for."""
