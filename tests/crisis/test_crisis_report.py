"""The counts of a period, and that they add up."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.report import ACTIONS, LEVELS, Report, Row

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)

rows = st.lists(
    st.builds(
        Row,
        st.dates(FIRST, LAST),
        st.sampled_from(("none", *LEVELS)),
        st.sampled_from(ACTIONS),
        st.integers(1, 1000),
        st.sampled_from(["US", "GB", ""]),
        st.sampled_from(["aa", "bb", ""]),
    ),
    max_size=40,
)


@given(rows)
def test_every_part_adds_up_to_the_whole(found: list[Row]) -> None:
    document = Report(FIRST, LAST, tuple(found)).document()
    for action in ACTIONS:
        whole = sum(row.number for row in found if row.action == action)
        for key in ("by_level", "by_jurisdiction", "by_lexicon", "by_month"):
            assert sum(counts[action] for counts in document[key].values()) == whole, key
    referrals = document["referrals"]
    assert referrals["issued"] == sum(row.number for row in found if row.action == "issued")
    assert sum(document["detections"].values()) == sum(
        row.number for row in found if row.action == "detected" and row.level != "none"
    )
    assert ("none" in document["by_level"]) == any(row.level == "none" for row in found)


@given(rows)
def test_people_and_programs_are_told_the_same(found: list[Row]) -> None:
    report = Report(FIRST, LAST, tuple(found))
    document, text = report.document(), report.markdown()
    assert f"notifications issued: **{document['referrals']['issued']}**" in text
    for key in ("by_level", "by_jurisdiction", "by_lexicon", "by_month"):
        for name, counts in document[key].items():
            cells = " | ".join(f"{counts[action]:,}" for action in ACTIONS)
            assert f"| {name} | {cells} |" in text


def test_months_come_in_their_order() -> None:
    days = [date(2026, month, 28) for month in range(1, 13)]
    found = tuple(Row(day, "crisis", "issued", 1, "US", "aa") for day in reversed(days))
    months = list(Report(FIRST, LAST, found).document()["by_month"])
    assert months == sorted(months)
    assert len(months) == 12


def test_of_a_quiet_year_it_says_so_in_figures() -> None:
    text = Report(FIRST, LAST, ()).markdown()
    assert "issued: **0**" in text
    assert "| crisis | 0 | 0 | 0 | 0 | 0 |" in text
