"""What a searchengine answers over HTTP: pages, JSON, RPC, metrics."""
