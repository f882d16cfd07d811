"""What every process needs: limits, files that survive a crash, SQLite, supervised tasks, and how a program starts and stops."""
