"""Reads boolean expressions from tokens: NOT binds tightest, then AND, then OR; what stands side by side is separate."""

from __future__ import annotations

from itertools import pairwise

from lightship.index.query.language.expression import FILTERS, All, Any, Expression, Leaf, negated
from lightship.index.query.language.tokens import Token

MAX_DEPTH = 8  # of parentheses; deeper ones are ignored

Part = tuple[Expression, bool]  # with True if it is required: it has a sign or an operator
_IN_CAPITALS = "AND, OR and NOT are read as words in a query all in capitals; use + and - instead."


class Reader:
    """Reads the expressions of one query by recursive descent."""

    def __init__(self, tokens: list[Token], notices: dict[str, None]) -> None:
        """Read `tokens`; operators without operands are read as words, and unpaired parentheses are ignored."""
        self._tokens = _with_operands(_paired(tokens), notices)
        self._at = 0

    def parts(self) -> list[Part]:
        """Return the parts of the query."""
        return self._sequence()

    def _next(self, *kinds: str) -> Token | None:
        """Return the next token if it is one of `kinds`, and go on."""
        if self._at < len(self._tokens) and self._tokens[self._at].kind in kinds:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def _sequence(self) -> list[Part]:
        parts: list[Part] = []
        while self._at < len(self._tokens) and self._tokens[self._at].kind != ")":
            parts += self._alternatives()
        self._next(")")
        return parts

    def _alternatives(self) -> list[Part]:
        first = self._conjunction()
        operands = [first]
        while self._next("OR"):
            operands.append(self._conjunction())
        if len(operands) == 1:
            return first
        return _one(Any(tuple(map(_all, filter(None, operands)))))

    def _conjunction(self) -> list[Part]:
        first = self._operand()
        operands = [first]
        while self._next("AND"):
            operands.append(self._operand())
        if len(operands) == 1:
            return first
        return [(part, True) for operand in operands for part, _ in operand]

    def _operand(self) -> list[Part]:
        is_negated = self._next("NOT") is not None
        token = self._next("leaf", "(")
        if token is None:
            return []
        parts: list[Part] = [(token.leaf, False)] if token.leaf else self._sequence()
        is_negated ^= token.sign == "-"
        if is_negated and parts:
            return [(negated(_all(parts)), True)]
        return [(part, True) for part, _ in parts] if token.sign == "+" else parts


def _all(parts: list[Part]) -> Expression:
    return parts[0][0] if len(parts) == 1 else All(tuple(part for part, _ in parts))


def _one(node: Any) -> list[Part]:
    return [(node if len(node.parts) > 1 else node.parts[0], True)] if node.parts else []


def _paired(tokens: list[Token]) -> list[Token]:
    """Return `tokens` without unpaired or empty parentheses, and without those inside MAX_DEPTH others."""
    kept: list[Token] = []
    opened: list[int | None] = []  # places in `kept`; None for one that is left out
    depth = 0
    for token in tokens:
        if token.kind == "(":
            deep = depth >= MAX_DEPTH
            opened.append(None if deep else len(kept))
            if not deep:
                depth += 1
                kept.append(token)
        elif token.kind == ")":
            place = opened.pop() if opened else None
            if place is not None:
                depth -= 1
                if place == len(kept) - 1:
                    kept.pop()
                else:
                    kept.append(token)
        else:
            kept.append(token)
    unpaired = {place for place in opened if place is not None}
    return [token for place, token in enumerate(kept) if place not in unpaired]


def _with_operands(tokens: list[Token], notices: dict[str, None]) -> list[Token]:
    """Return `tokens` with words in the place of operators that miss an operand, and of all if the query is in capitals."""
    capitals = _in_capitals(tokens)
    made: list[Token] = []
    for token, following in pairwise([*tokens, Token(")")]):
        before = made[-1].kind if made else "("
        if token.kind not in ("AND", "OR", "NOT"):
            made.append(token)
            continue
        has_before = before in ("leaf", ")")
        has_after = following.kind in ("leaf", "(") or (following.kind == "NOT" and token.kind != "NOT")
        if has_after and (has_before or (token.kind == "NOT")):
            if not capitals:
                made.append(token)
                continue
            notices[_IN_CAPITALS] = None
        made.append(_word_of(token))
    return made


def _word_of(token: Token) -> Token:
    return Token("leaf", token.text, leaf=Leaf("word", token.text))


def _in_capitals(tokens: list[Token]) -> bool:
    """Whether all letters of the query are capitals, so that an operator can't be told from a word."""
    letters = [
        letter
        for token in tokens
        if token.leaf and token.leaf.kind not in FILTERS
        for letter in token.text
        if letter.isalpha()
    ]
    return bool(letters) and all(map(str.isupper, letters))
