"""The search: a study's space, its designs, the driver that dispatches it, and G1's arithmetic."""
