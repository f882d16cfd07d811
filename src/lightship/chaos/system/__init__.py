"""The system under test: its parts, the faults, and how they are injected and repaired."""
