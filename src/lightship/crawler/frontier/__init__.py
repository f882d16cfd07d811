"""The frontier: the state of each page, and the decisions about it."""
