"""The intake: takes documents in over HTTP and answers when the log has them."""
