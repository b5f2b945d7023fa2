"""A study file and what it means: values, space, design, plan."""
