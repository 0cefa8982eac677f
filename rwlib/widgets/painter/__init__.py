"""`HolePainter`: paint a hole on a photograph and see it filled."""
