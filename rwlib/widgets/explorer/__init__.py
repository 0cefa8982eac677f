"""`CorrelationExplorer`: which positions of a picture resemble each other, equation (3)."""
