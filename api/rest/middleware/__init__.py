"""What stands before the resources, one duty a file."""
