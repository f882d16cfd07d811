"""Parsing in separate processes, with limits on time and memory for each page."""
