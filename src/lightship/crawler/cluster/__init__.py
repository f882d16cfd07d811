"""Distributed crawling: hosts are partitioned among several crawlers."""
