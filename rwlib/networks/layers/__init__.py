"""Layers that other methods than the paper's are built of, and that any network may use."""
