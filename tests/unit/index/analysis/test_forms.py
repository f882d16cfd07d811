from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis.forms import LONGEST, Forms, forms_of, is_only_joined, joined, odd_words


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


@given(st.lists(st.text("aé-_.,A3", min_size=1, max_size=8) | st.just("a-" * 30 + "b")))
def test_words_known_as_only_joined_have_no_other_form(texts: list[str]) -> None:
    for word in filter(is_only_joined, odd_words(" ".join(texts))):
        assert len(word) <= LONGEST
        assert forms_of(word) == Forms("", joined([word]), ())
