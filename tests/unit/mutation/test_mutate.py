"""Mutants are whole modules, each with one change."""

from __future__ import annotations

import ast

from mutation.mutate import mutants

SOURCE = '''
def f(a: int | None, b: list[int]) -> int:
    """Say é, and nothing that is mutated: a < b."""
    if a is None or not b:
        return 0
    if a == b:
        return None
    total = 1
    for each in b:
        if each <= a and max(a, each) > 3:
            total += each
            continue
        b.append(each - 1)
    logger.info("not mutated %d", total * 5)
    assert total > 7
    return total

if __name__ == "__main__":
    f(1, [])
'''


def test_every_mutant_is_a_module_with_one_change() -> None:
    found = list(mutants(SOURCE))
    for mutant in found:
        tree = ast.parse(mutant.source)
        assert ast.dump(tree) != ast.dump(ast.parse(SOURCE))
        assert mutant.source.count("\n") == SOURCE.count("\n")
    assert len({mutant.source for mutant in found}) == len(found)


def test_the_kinds_of_changes() -> None:
    changes = {(mutant.before, mutant.after) for mutant in mutants(SOURCE)}
    assert {
        ("a is None", "a is not None"), ("a is None or not b", "a is None and (not b)"), ("not b", "b"), ("return total", "return None"),
        ("1", "2"), ("each <= a", "each < a"), ("max(a, each)", "min(a, each)"), ("total += each", "pass"), ("continue", "break"),
        ("b.append(each - 1)", "pass"), ("each - 1", "each + 1"),
    } <= changes  # fmt: skip
    told = ("logger", "Say", "int | None", "total * 5", "total > 7", "__main__", "f(1, [])")
    assert not any(text in before for text in told for before, _ in changes)
    assert ("return 0", "return None") not in changes  # who asks for its truth sees no difference
