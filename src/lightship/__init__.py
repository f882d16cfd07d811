"""Lightship: a container-native search engine that crawls, indexes and serves."""

__version__ = "0.1.0"
