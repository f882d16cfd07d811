"""Search keys: what they carry, how they are signed and checked, how often they may be used, and which are revoked."""
