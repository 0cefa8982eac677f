"""Two convolutions that take less time or memory than their plain definitions, which stand beside them as `..._ref`."""
