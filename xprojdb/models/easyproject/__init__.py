"""EasyProject (Chen et al. 2023): entities that travel through a translation between markers."""
