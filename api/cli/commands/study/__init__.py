"""``talan study``: launch, check, resume, stop and watch audits, a file a command."""
