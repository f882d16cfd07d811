"""Clients of a running Lightship, for your own programs: `from lightship import Client, AsyncClient`."""
