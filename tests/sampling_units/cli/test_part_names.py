import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sampling_units.cli.split.part_names import part_names, renamed

HOSTILE = [
    "../../etc/passwd", "..", ".", "", " ", ".hidden", "a/b", "a\\b", "a:b", "nul\0byte", "tab\tnewline\n", "\x1b[31m",
    "con", "LPT1.txt", "x" * 300, "ñ" * 150, "\u202eevil", "Abra", "ABRA", "abra", None, "null", "NULL",
    "null~2", "e\u0301", "\u00e9", "trailing. ", "*?<>|\"", "-rf", "emp~ty", "\ud7ff",
]  # fmt: skip

_TEXT = st.one_of(
    st.text(max_size=8), st.sampled_from(HOSTILE), st.from_regex(r"(?i)(a|b|~2|\.|con|null)*", fullmatch=True)
)


@given(st.lists(st.one_of(st.none(), _TEXT), unique=True, max_size=30))
def test_names_are_safe_and_different_on_every_disk(texts):
    names = part_names(texts)
    assert len({unicodedata.normalize("NFC", name.casefold()) for name in names}) == len(names)
    for name in names:
        assert len(name.encode()) <= 255
        assert name.isprintable()
        assert not set(name) & set('/\\:*?"<>|')
        assert name[0] not in ". "
        assert name.endswith(".parquet")
        assert not name.lower().startswith(("con.", "nul.", "aux.", "prn."))


def test_plain_values_keep_their_names_before_those_that_need_cleaning():
    assert part_names(["a/b", "a_b", None, "null"]) == [
        "a_b~2.parquet",
        "a_b.parquet",
        "null.parquet",
        "null~2.parquet",
    ]


def test_only_values_with_another_name_are_told():
    texts = [None, "null", "a", "b/c"]
    assert renamed(texts, part_names(texts)) == [("null", "null~2.parquet"), ("b/c", "b_c.parquet")]
