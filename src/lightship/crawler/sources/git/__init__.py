"""Documents from git repositories."""
