"""The vocabulary that all packages share; it imports nothing else from Lightship."""
