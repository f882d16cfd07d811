"""Checks that every running system must pass, made from outside with nothing but addresses."""
