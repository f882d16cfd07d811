"""Defaults and help texts that several programs share."""

from __future__ import annotations

UP_DATA = "lightship-data/up"
DATA_OF_UP = "data folder of a `lightship up` of this machine, whose secret is used when LIGHTSHIP_TOKEN is not set"

TLS_CERT = "file with the certificate (PEM, with its chain) that this listener shows; when empty, no TLS"
TLS_KEY = "file with the certificate's key (PEM); when empty, it is in the same file"
TLS_CA = "file with the authorities (PEM) that must have signed the certificates of what it calls, or `system`; when empty, no TLS"
