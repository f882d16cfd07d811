"""`lightship up`: the whole system as processes of this machine."""
