"""EasyProject (Chen et al. 2023): carrying entities through a translation between markers."""
