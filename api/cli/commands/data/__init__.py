"""``talan data``: benchmarks and training mixtures that do not come with this package."""
