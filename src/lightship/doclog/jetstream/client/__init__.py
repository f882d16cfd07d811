"""A NATS client that reconnects indefinitely: connection, requests, key-value buckets."""
