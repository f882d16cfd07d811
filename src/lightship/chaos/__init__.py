"""A system is broken on purpose, under load, and each of its answers is compared with the truth."""
