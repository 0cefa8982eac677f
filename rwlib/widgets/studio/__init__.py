"""`AblationStudio`: Fig. 4 live."""
