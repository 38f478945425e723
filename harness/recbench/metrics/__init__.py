"""Metrics: one definition each, with a version; see docs/metrics.md."""
