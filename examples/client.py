"""Adds a document, and searches for it as soon as it is found. It needs the package lightship.

python client.py http://localhost:8080 http://localhost:9090
"""

from __future__ import annotations

import sys

from lightship import Client

LAMP = {"url": "https://example.org/python", "title": "Desk lamp", "text": "A lamp for a desk."}

with Client(sys.argv[1], intake=sys.argv[2]) as client:  # the secret is that in LIGHTSHIP_TOKEN
    position = client.add([LAMP])
    for hit in client.search("desk lamp", min_position=position).hits:
        print(hit.title, hit.url)
