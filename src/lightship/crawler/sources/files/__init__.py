"""Documents from folders and files."""
