"""Visits: when a site may be asked, how it is asked, what its answer means."""
