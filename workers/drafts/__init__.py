"""What an answer is expected to be: the matched baseline's answer to the same item."""
