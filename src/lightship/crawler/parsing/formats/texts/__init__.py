"""Readers of formats that are text, or text with markup."""
