"""Published figures, held against what the harness measures.

A plugin states figures in a ``claims.toml`` beside it; ``recbench verify`` runs them
through the harness's own splits, models, ranking and metrics and writes a page.
"""
