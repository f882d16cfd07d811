"""The load: writers, readers and askers, and the truth that answers are compared with."""
