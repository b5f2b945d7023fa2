"""``talan study``: launch, check, resume, stop and watch audits, one file per command."""
