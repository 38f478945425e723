"""Serving: vectors as files that a service can load, and what vector search costs."""
