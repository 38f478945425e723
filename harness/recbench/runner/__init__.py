"""From suites and models to records: plan, supervise, collect."""
