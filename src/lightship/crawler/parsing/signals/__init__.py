"""What the text of a page tells about it: that it is like another one, missing, a login, or made by scripts."""
