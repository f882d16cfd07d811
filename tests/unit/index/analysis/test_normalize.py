import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis.normalize import normalized

SIGNS = "aé '\u2019\u2013\u00ad\u200b\ufeff\u2122\u0130\u3000！（），：；？ＡＢが\u3099漢ﬁ😀\u0338"


@given(st.text(SIGNS, max_size=40))
def test_normalized_equals_the_plain_steps(text: str) -> None:
    plain = "".join(sign for sign in text if sign not in "\u00ad\u200b\ufeff")
    for sign, replacement in zip("\u2019\u2013\u0130\u2122", "'-i ", strict=True):
        plain = plain.replace(sign, replacement)
    if any(sign > "\u02ff" for sign in plain):
        plain = unicodedata.normalize("NFKC", plain).replace("\u0338", "")
    assert normalized(text).text == plain


@given(st.text(SIGNS, max_size=40))
def test_normalized_text_stays_as_it_is(text: str) -> None:
    once = normalized(text)
    assert normalized(once.text).text == once.text
    assert once.is_wide or not any("\u3040" < sign < "\ua000" for sign in once.text)
