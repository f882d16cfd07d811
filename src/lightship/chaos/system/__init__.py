"""The system that is broken: its parts, the faults, and how they are injected and healed."""
