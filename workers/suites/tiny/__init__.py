"""The embedded suite: four small benchmarks of the four kinds, and the data they come from."""
