"""Ready recipes, each a TOML file that stands on its own; 'xprojdb recipes' lists them."""
