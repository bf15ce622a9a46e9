"""Tag: the stage, and the steps that ``[tag]`` stands for."""
