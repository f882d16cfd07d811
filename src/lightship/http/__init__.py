"""The HTTP server that every listener uses: limits, TLS, authorization, and graceful shutdown."""
