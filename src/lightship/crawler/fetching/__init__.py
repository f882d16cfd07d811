"""Visits: when a site may be requested, how, and what its answer means."""
