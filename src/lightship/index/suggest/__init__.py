"""Suggestions while people type, and corrections of what they mistyped."""
