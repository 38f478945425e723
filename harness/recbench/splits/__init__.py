"""Splits: pure functions from interactions and a seed to row indices, hashed."""
