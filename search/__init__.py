"""The search: what a study file means, driving it, G1 rates and what may be said of them."""
