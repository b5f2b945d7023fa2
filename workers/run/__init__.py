"""One run in one process: what stays in memory, the order of the steps, and what is recorded."""
