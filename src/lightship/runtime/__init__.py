"""What every process needs: resource limits, crash-safe files, SQLite, supervised tasks, and program start and stop."""
