"""The resources ``/runs/{id}/confirmation`` and ``/runs/{id}/ablation``."""
