"""What a run's block does inside: one file an analysis."""
