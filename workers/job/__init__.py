"""What travels between processes: jobs, recipes, plans of cells. Imports no torch."""
