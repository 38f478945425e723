"""Tuning with equal budgets: search spaces, trials, searches, what they found."""
