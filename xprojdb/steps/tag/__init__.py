"""Tag: the stage, and how ``[tag]`` becomes steps."""
