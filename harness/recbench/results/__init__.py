"""Records: what every attempt at a cell leaves behind, and where it is kept."""
