"""What a block does inside: which analyses there are, of what, and beside which references."""
