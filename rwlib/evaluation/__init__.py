"""How good a fill is: the protocol of section 4.3, its tables, and what stands beside them."""
