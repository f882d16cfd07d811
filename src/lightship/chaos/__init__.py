"""Chaos testing: injects faults into a system under load, and compares each of its answers with the truth."""
