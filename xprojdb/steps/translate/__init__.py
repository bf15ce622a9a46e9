"""Translate: the stages that write sentences in another language, and the steps that ``[translate]`` stands for."""
