"""The indexer: reads its partitions of the document log, builds segments and pushes them to every searchengine."""
