"""How much of a board's order is left when something about the measuring changes."""
