"""The commands of ``talan``, one file per group."""
