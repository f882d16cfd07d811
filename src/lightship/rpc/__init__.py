"""The RPC between indexers and searchengines: messages and the client."""
