"""Training and studies: samples are drawn, trainings planned, many of them compared."""
