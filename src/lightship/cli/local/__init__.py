"""`lightship up`: the system as processes of this machine."""
