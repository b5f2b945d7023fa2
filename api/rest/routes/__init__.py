"""The routers, a file a resource."""
