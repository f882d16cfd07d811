"""A manifest and files in one body: how many, and what is refused."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidInputError
from lightship.rpc.multipart import MAX_ENCLOSED, split_enclosed, write_enclosed

BODY = write_enclosed(b"{}", [b"one\n", b"two"])


def test_as_many_files_as_are_ever_sent_are_taken_and_not_one_more() -> None:
    most = [str(number) for number in range(MAX_ENCLOSED)]
    assert split_enclosed(BODY, ",".join(most)) == (b"{}", b"one\ntwo", most)
    with pytest.raises(InvalidInputError, match="more than 200"):
        split_enclosed(BODY, ",".join([*most, "more"]))
