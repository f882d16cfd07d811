"""Publishing: a manifest and its files go to every searchengine."""
