"""The subcommands of `lightship`, one module each."""
