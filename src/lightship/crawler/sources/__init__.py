"""Sources: parses the SOURCE arguments, and reads those that are not websites."""
