"""The load: writers, readers and askers, and the truth to which answers are compared."""
