from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis.forms import Forms, forms_of, odd_words


@given(st.text("aé-_.,'&+3", min_size=1, max_size=12))
def test_words_in_small_letters_and_in_capitals_have_the_same_forms(text: str) -> None:
    # Only those in small letters take the short cut
    for word in odd_words(text):
        assert _lowered(forms_of(word.upper())) == _lowered(forms_of(word))


def _lowered(forms: Forms | None) -> Forms | None:
    return forms and Forms(forms.exact.lower(), forms.joined.lower(), forms.parts)


def test_odd_words_touch_at_every_sign() -> None:
    found = odd_words("plain words, and C++ c#. fooBar (HTTPServer) node.js; AT&T .NET Foo-Bar x,1 1,234 PCs foo- -bar")
    assert sorted(found) == sorted(
        [b"C++", b"c#.", b"fooBar", b"HTTPServer", b"node.js", b"AT&T", b".NET", b"Foo-Bar", b"1,234"]
    )
