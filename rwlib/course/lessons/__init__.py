"""Small pieces of code that single notebooks teach with."""
