import pytest

from xprojdb.readers import ReadError, Record, read_parallel


def records(*words, ids=None):
    return iter([Record((word,), external_id=ids and ids[i], line=i + 1) for i, word in enumerate(words)])


def test_lockstep():
    pairs = list(read_parallel({"en": records("a", "b"), "de": records("x", "y"), "fr": records("p", "q")}))
    assert [{code: record.words[0] for code, record in pair.items()} for pair in pairs] == [
        {"en": "a", "de": "x", "fr": "p"},
        {"en": "b", "de": "y", "fr": "q"},
    ]


@pytest.mark.parametrize(("n_en", "n_de"), [(2, 5), (5, 2), (0, 1), (3, 4)])
def test_a_short_file_is_named_with_both_counts(n_en, n_de):
    readers = {"en": records(*"abcde"[:n_en]), "de": records(*"vwxyz"[:n_de])}
    files = {"en": "corpus.en", "de": "corpus.de"}
    seen = []
    with pytest.raises(ReadError) as caught:
        seen.extend(read_parallel(readers, files))
    short, long = ("en", "de") if n_en < n_de else ("de", "en")
    error = caught.value
    assert (error.reason, error.file, error.other) == ("short", files[short], files[long])
    assert (error.count, error.other_count) == (min(n_en, n_de), max(n_en, n_de))


def test_ids_must_agree_where_both_have_them():
    same = {"en": records("a", "b", ids=["1", "2"]), "de": records("x", "y"), "fr": records("p", "q", ids=["1", "2"])}
    assert len(list(read_parallel(same))) == 2
    readers = {"en": records("a", "b", ids=["1", "2"]), "de": records("x", "y", ids=["1", "3"])}
    with pytest.raises(ReadError) as caught:
        list(read_parallel(readers))
    error = caught.value
    assert (error.reason, error.file, error.line, error.id, error.other_id) == ("ids", "de", 2, "3", "2")


def test_no_readers():
    assert list(read_parallel({})) == []
