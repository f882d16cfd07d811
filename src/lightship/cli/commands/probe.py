"""`lightship probe`: exits with status 0 if a program answers; a health check for an image without a shell or curl."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence

from lightship.cli.system.status import reason_of
from lightship.config import ProbeSettings, parse_settings
from lightship.core.errors import ConfigurationError, UnavailableError

PROBE_URL = "http://localhost:8080/livez"


def probe(arguments: Sequence[str]) -> None:
    """Return if the URL answers with a status below 400; raises UnavailableError otherwise.

    Accepts any certificate, like Kubernetes' own probes: it calls its own container, by a name that no certificate has.
    """
    settings, urls = parse_settings(
        ProbeSettings, "lightship probe", arguments, positional="URL",
        description=f"Exit with status 0 if a program answers at URL (by default {PROBE_URL}); for container health checks.",
    )  # fmt: skip
    if len(urls) > 1 or not all(url.startswith(("http://", "https://")) for url in urls):
        raise ConfigurationError(f"lightship probe: name one http:// or https:// URL, like {PROBE_URL}")
    [url] = urls or [PROBE_URL]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=settings.seconds):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise UnavailableError(f"{url} answered with status {error.code}") from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"no answer from {url}: {reason_of(error)}") from error
