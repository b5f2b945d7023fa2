"""Figures and pages of audits: nothing here yet (see docs/architecture.md)."""
