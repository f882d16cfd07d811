"""The routes of a searchengine, by what they are for."""
