"""Worlds whose best ranking is known, and what protocols make of them."""
