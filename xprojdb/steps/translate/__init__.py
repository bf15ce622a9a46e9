"""Translate: the stages that write sentences in another language, and how ``[translate]`` becomes steps."""
