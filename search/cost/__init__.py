"""What a study costs, and whether it can run, said before it starts."""
