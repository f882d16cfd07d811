"""What every backend of the document log shares: protocols, the stored form of an entry, fences, sessions."""
