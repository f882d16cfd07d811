"""What the SOURCE arguments mean, and those that are no websites."""
