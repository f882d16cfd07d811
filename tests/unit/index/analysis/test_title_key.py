from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis import title_key
from lightship.index.analysis.forms import forms_of, odd_words
from lightship.index.analysis.title_key import title_keys
from lightship.index.analysis.words import without_apostrophes


def test_odd_words_of_a_title_keep_their_order() -> None:
    # In the order of a set, the key differed between processes: a query never met the title
    versions = [f"{number}.1" for number in range(8)]
    ordered, _ = title_keys(" ".join(versions))
    assert ordered.split(" ")[-8:] == versions


def test_long_titles_with_a_sign_take_no_time() -> None:
    # A pattern that could split a word in two ways took twice as long with each word
    ordered, _ = title_keys("word " * 40 + "!")
    assert ordered.count("word") == 32


@given(st.text(st.sampled_from("aB3é .,+#&'_-"), max_size=20))
def test_short_cuts_change_no_key(text: str) -> None:
    exact = [forms.exact for word in odd_words(text) if (forms := forms_of(word)) and forms.exact]
    words = title_key._analyzer().analyze(without_apostrophes(text, "")) + exact
    assert title_keys(text) == title_key._keys(words)
