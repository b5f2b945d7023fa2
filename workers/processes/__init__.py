"""Several processes that train one run together. Knows no Ray: see ``workers.ray_actors``."""
