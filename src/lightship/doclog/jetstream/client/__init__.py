"""A NATS client that reconnects for ever: connection, requests, key-value buckets."""
