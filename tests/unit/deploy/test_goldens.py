"""What is written for every environment and target, to the letter: a change of it is seen in review."""

from __future__ import annotations

import pytest

from unit.deploy.deployments import ALL, GOLDENS, golden_path, golden_text


@pytest.mark.parametrize(("environment", "target"), ALL)
def test_a_deployment_is_what_it_was(environment: str, target: str) -> None:
    kept = golden_path(environment, target).read_text()
    assert golden_text(environment, target) == kept, (
        "if this change is meant: python tests/unit/deploy/deployments.py, and look at what git diff shows"
    )


def test_there_is_no_other_golden() -> None:
    assert {path.name for path in GOLDENS.iterdir()} == {golden_path(*each).name for each in ALL}
