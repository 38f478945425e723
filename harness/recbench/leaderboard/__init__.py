"""Boards: from records to tables and plots."""
