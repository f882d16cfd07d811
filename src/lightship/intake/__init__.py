"""The intake: accepts documents over HTTP, and answers once the log has them."""
