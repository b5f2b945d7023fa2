"""What makes the project's own data; not installed."""
