"""The searchengine: receives segments and answers queries. It does not need the document log."""
