"""G1 rates as they are shown, and what they are compared with."""
