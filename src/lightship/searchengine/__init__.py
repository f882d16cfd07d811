"""The searchengine: receives segments and answers queries. It knows nothing of the document log."""
