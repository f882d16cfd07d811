from lightship.index.analysis.title_key import title_keys


def test_odd_words_of_a_title_keep_their_order() -> None:
    # In the order of a set, the key differed between processes: a query never met the title
    versions = [f"{number}.1" for number in range(8)]
    ordered, _ = title_keys(" ".join(versions))
    assert ordered.split(" ")[-8:] == versions
