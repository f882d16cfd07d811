"""Defaults and help texts shared by several programs."""

from __future__ import annotations

UP_DATA = "lightship-data/up"
DATA_OF_UP = "data folder of a `lightship up` on this machine, whose secret is used when LIGHTSHIP_TOKEN is not set"

INTAKE_BEYOND = 1010  # ports beyond that of the search page: 9090 for 8080

FIELDS = "declared fields, like price:number,brand:keyword (kinds: keyword, number, date, boolean, path, text)"

COLLECTIONS = (
    "collections and their titles, like docs:Documentation,blog:Our blog; documents are in one by the field collection "
    "(docs/collections.md)"
)

ORIGINS = (
    "origins of web pages that may search from a browser, comma-separated, like https://example.org; "
    "https://*.example.org: all subdomains; *: any origin"
)

CLOSED = "allows only holders of a key or of the secret to search, and to read results"
ANSWERS = "MiB of answers to recent searches that each worker keeps until the index changes; 0: none"
REVOKED = "file with the names of revoked keys, one per line, which is reread when it changes; when empty, none"
RATE = "requests for searches that each worker accepts from one address, like 10/s or 600/m; when empty, unlimited"

TLS_CERT = "file with the listener's certificate and its chain (PEM); when empty, no TLS"
TLS_KEY = "file with the certificate's private key (PEM); when empty, the key is in the -tls-cert file"
TLS_CA = "file with the certificate authorities (PEM) that outgoing connections trust, or `system`; when empty, no TLS"
