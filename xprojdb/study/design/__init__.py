"""The design of a study: which models are trained on what, before any is."""
