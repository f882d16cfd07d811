"""Searches as feeds, the newest pages first: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1."""
