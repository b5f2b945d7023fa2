"""The docs as a site: pages that are generated from the code."""
