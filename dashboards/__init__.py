"""Figures and pages of audits: nothing here yet (see docs/concepts/architecture.md)."""
