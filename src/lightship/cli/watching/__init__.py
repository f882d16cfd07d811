"""`lightship watch`: tells a terminal, or a program by webhooks, which pages match a search."""
