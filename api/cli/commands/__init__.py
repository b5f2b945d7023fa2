"""The commands of ``talan``, a file a group."""
