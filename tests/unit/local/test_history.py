"""Long and tangled histories: the order of commits, last changes, and how much is looked at for each."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from itertools import chain

import pygit2
import pytest
from histories import START, Made, fast_import, linear, with_merges
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_core.http import Request
from mesa_transports.local import LocalDepot, history_index
from mesa_transports.local.git import last_change


class Subject:
    """A Depot with one repository, acme/r, whose commits come from elsewhere."""

    def __init__(self, directory=None) -> None:
        self.depot = LocalDepot(directory, root_key="k")
        self.depot.handle(Request("POST", "/acme/repos", {"Authorization": "Bearer k"}, b'{"name": "r"}'))
        self.path = self.depot.repository_path("acme", "r")

    def get(self, target):
        response = self.depot.handle(Request("GET", f"/acme/r{target}", {"Authorization": "Bearer k"}, b""))
        return response.status_code, json.loads(response.content)

    def git(self, *arguments):
        done = subprocess.run(["git", "-C", self.path, *arguments], capture_output=True, check=True, text=True)
        return done.stdout.split()

    def page(self, limit, cursor=None, ref="main"):
        status, page = self.get(f"/commits?ref={ref}&limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200, page
        assert page["has_more"] == (page["next_cursor"] is not None)
        return [commit["sha"] for commit in page["commits"]], page["next_cursor"]

    def pages(self, limit, ref="main"):
        found, cursor = self.page(limit, None, ref)
        yield found
        while cursor:
            found, cursor = self.page(limit, cursor, ref)
            yield found

    def times(self, target="/content?depth=9"):
        status, answer = self.get(target)
        assert status == 200, answer
        return {entry["path"]: entry["last_commit_at"] for entry in answer["entries"] if entry["type"] == "file"}


@pytest.fixture
def subject():
    made = Subject()
    with made.depot:
        yield made


@contextmanager
def many_landmarks():
    """Make a landmark of every other commit, so that short histories have some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_index, "_FEWEST", 128)
        yield patch


@contextmanager
def counted():
    """Count the objects that are read from git."""
    read = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("__getitem__", "read"):
            original = getattr(pygit2.Repository, name)
            patch.setattr(
                pygit2.Repository, name, lambda self, sha, original=original: read.append(sha) or original(self, sha)
            )
        patch.setattr(pygit2.Repository, "walk", None)
        yield read


def reads(call):
    """Return how many objects a call reads."""
    with counted() as read:
        call()
    return len(read)


@st.composite
def shapes(draw, times):
    """Draw commits with any parents among those before them: forks, merges, several roots, criss-crosses."""
    commits = []
    for number in range(draw(st.integers(1, 12))):
        earlier = list(range(max(0, number - 5), number))
        parents = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
        commits.append(Made(START + draw(times(number)), parents))
    # The last one reaches whatever no other commit has for a parent.
    loose = set(range(len(commits))) - {parent for made in commits for parent in made.parents}
    return [*commits, Made(START + draw(times(len(commits))), sorted(loose, reverse=True))]


def ranks(commits):
    """Return the rank of each commit by its definition."""
    found = []
    for made in commits:
        time, level = max((found[parent] for parent in made.parents), default=(made.time - 1, 0))
        found.append((made.time, 0) if made.time > time else (time, level + 1))
    return found


def check_pages(subject, commits, shas):
    whole, _ = subject.page(100)
    assert sorted(whole) == sorted(subject.git("rev-list", "main"))
    for limit in range(1, len(whole) + 1):
        pages = list(subject.pages(limit))
        assert list(chain.from_iterable(pages)) == whole
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    rank = dict(zip(shas, ranks(commits), strict=True))
    assert [rank[sha] for sha in whole] == sorted((rank[sha] for sha in whole), reverse=True)
    for sha, made in zip(shas, commits, strict=True):
        assert all(whole.index(sha) < whole.index(shas[parent]) for parent in made.parents)
    return whole


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(shapes(lambda number: st.integers(0, 4)))
def test_pages_of_any_size_make_up_the_history_whatever_the_clocks_said(commits):
    with many_landmarks(), (subject := Subject()).depot:
        check_pages(subject, commits, fast_import(subject.path, commits))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(shapes(lambda number: st.integers(10 * number, 10 * number + 9)))
def test_where_each_commit_has_a_later_time_than_its_parents_the_order_is_git_logs(commits):
    with many_landmarks(), (subject := Subject()).depot:
        whole = check_pages(subject, commits, fast_import(subject.path, commits))
        assert whole == subject.git("log", "--format=%H", "main")
        assert whole == subject.git("log", "--format=%H", "--date-order", "main")


def test_commits_that_land_meanwhile_change_no_page(subject):
    shas = fast_import(subject.path, with_merges(30))
    whole, _ = subject.page(100)
    first, cursor = subject.page(10)
    fast_import(subject.path, [*with_merges(30), Made(START + 9999, (29, 25)), Made(START, (30,))])
    rest, _ = subject.page(100, cursor)
    assert first + rest == whole == subject.git("log", "--format=%H", shas[-1])


def test_a_cursor_outlives_a_restart(tmp_path):
    found, cursor = [], None
    while not found or cursor:
        with (subject := Subject(tmp_path)).depot:
            if not found:
                fast_import(subject.path, with_merges(300))
            page, cursor = subject.page(100, cursor)
            found += page
    assert found == subject.git("log", "--format=%H", "main")


def test_more_open_branches_than_a_cursor_holds(subject):
    """A hundred lines of three commits each, all open until the first of them ends."""
    commits = [Made(START)]
    for number in range(300):
        commits.append(Made(START + 1 + number, (max(0, len(commits) - 100),) if number >= 100 else (0,)))
    commits.append(Made(START + 999, tuple(range(300, 200, -1))))
    shas = fast_import(subject.path, commits)
    found, cursor, longest = [], None, 0
    while not found or cursor:
        page, cursor = subject.page(7, cursor)
        found += page
        longest = max(longest, len(cursor or ""))
    assert found == subject.git("log", "--format=%H", "main") == shas[::-1]
    assert longest < 4000


@pytest.mark.parametrize(
    "position",
    [
        ["commits", "", 0],
        ["commits", "{sha}", -1],
        ["commits", "{sha}", 1 << 31],
        ["commits", "{sha}0", 0],
        ["commits", "{sha}{sha}", 0],
        ["commits", "{sha}" + "0" * 40, 0],
        ["commits", "{sha}" * 65, 0],
        ["commits", "{tree}", 0],
        ["commits", "{blob}", 0],
        ["commits", "main" * 10, 0],
        ["commits", None, 0],
        ["branches", "{sha}", 0],
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(subject, position):
    from mesa_transports.local import cursors

    (sha,) = fast_import(subject.path, [Made(START, (), {"a": "1"})])
    tree, blob = subject.git("rev-parse", "main^{tree}", "main:a")
    named = json.loads(json.dumps(position).format(sha=sha, tree=tree, blob=blob))
    status, answer = subject.get(f"/commits?cursor={cursors.encoded(*named)}")
    assert (status, answer["error"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.slow
def test_a_page_reads_no_more_than_it_shows_however_long_the_history_is_and_however_deep_the_page(subject):
    counts = []
    for count in (1_000, 8_000):
        shas = fast_import(subject.path, linear(count), f"of{count}")
        counts.append(reads(lambda ref=f"of{count}": subject.page(50, None, ref)))
        walked = [subject.page(50, at(shas[place]))[0] for place in (count // 2, 49)]
        assert walked == [shas[count // 2 : count // 2 - 50 : -1], shas[49::-1]]
        counts += [reads(lambda sha=shas[place]: subject.page(50, at(sha))) for place in (count // 2, 49)]
    assert max(counts) <= 52, counts


def at(*shas):
    from mesa_transports.local import cursors

    return cursors.encoded("commits", "".join(shas), 0)


@pytest.mark.slow
def test_merges_are_looked_through_once_and_then_only_near_the_page(subject):
    fast_import(subject.path, with_merges(8_000))
    first = reads(lambda: subject.page(50))
    cursor, counts = None, []
    while not counts or cursor:
        with counted() as read:
            _, cursor = subject.page(100, cursor)
        counts.append(len(read))
    assert first > 8_000
    assert max(counts) < 1_000
    assert list(chain.from_iterable(subject.pages(100))) == subject.git("log", "--format=%H", "main")


@st.composite
def edits(draw):
    """Draw a tangled history whose commits change, bring and remove files."""
    names = ["a", "d/b", "d/e/c", "d.x"]
    some = st.dictionaries(st.sampled_from(names), st.sampled_from(["1", "2"]), max_size=2)
    commits = draw(shapes(lambda number: st.integers(0, 4)))
    made = [Made(each.time, each.parents, draw(some)) for each in commits]
    return [Made(made[0].time, (), dict.fromkeys(names, "0")), *(moved(each) for each in made)]


def moved(made):
    return Made(made.time, [parent + 1 for parent in made.parents] or (0,), made.files)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(edits(), st.sampled_from([1, 3, 10_000]))
def test_the_last_change_of_a_path_is_git_logs(commits, bound):
    with many_landmarks() as patch, (subject := Subject()).depot:
        shas = fast_import(subject.path, commits)
        patch.setattr(last_change, "_MOST_COMMITS", bound)
        for sha in shas[-3:]:
            target = f"/content?depth=9&ref={sha}"
            times = subject.times(target)
            for _ in shas:
                times = subject.times(target) if None in times.values() else times
            for path, time in times.items():
                form = "--date=format:%Y-%m-%dT%H:%M:%SZ", "--format=%cd"
                assert [time] == subject.git("log", "-1", *form, sha, "--", path)
            assert set(times) == set(subject.git("ls-tree", "-r", "--name-only", sha))


def test_a_walk_for_last_changes_goes_on_where_the_one_before_had_to_stop(subject, monkeypatch):
    monkeypatch.setattr(last_change, "_MOST_COMMITS", 500)
    fast_import(subject.path, linear(1_800))
    nulls = []
    for _ in range(4):
        with counted() as read:
            times = subject.times("/content")
        nulls.append([path for path, time in times.items() if time is None])
        assert len(read) < 2_100, "each commit, and its tree"
    assert nulls == [["README"], ["README"], ["README"], []]
    assert times["README"] == "2017-07-14T02:40:00Z"
    assert reads(lambda: subject.times("/content")) < 1_000


def test_directories_with_many_entries_are_compared_in_bounded_numbers(subject, monkeypatch):
    monkeypatch.setattr(last_change, "_MOST_ENTRIES", 1_000)
    wide = {f"f{number}": "0" for number in range(200)}
    rest = [Made(START + number, (number - 1,), {"f7": f"{number}"}) for number in range(1, 50)]
    fast_import(subject.path, [Made(START, (), wide), *rest])
    unknown = [sum(time is None for time in subject.times("/content").values()) for _ in range(15)]
    assert unknown[0] >= 190
    assert unknown[-1] == 0


def test_directories_may_be_nested_deeper_than_calls(subject):
    deep = "d/" * 1_100 + "f"
    fast_import(subject.path, [Made(START, (), {deep: "1"}), Made(START + 1, (0,), {deep: "2", "e": "1"})])
    assert subject.times("/content?depth=2000") == {deep: "2017-07-14T02:40:01Z", "e": "2017-07-14T02:40:01Z"}


def test_names_that_are_not_utf_8_have_times_too(subject):
    fast_import(subject.path, [Made(START, (), {'"\\377"': "1", "a": "1"}), Made(START + 1, (0,), {"a": "2"})])
    assert subject.times() == {"\ufffd": "2017-07-14T02:40:00Z", "a": "2017-07-14T02:40:01Z"}


def test_once_walked_a_long_history_is_read_near_its_end_only(subject):
    counts = []
    for count in (1_000, 8_000):
        fast_import(subject.path, linear(count), f"of{count}")
        target = f"/content?ref=of{count}"
        times = subject.times(target)
        assert times["README"] == "2017-07-14T02:40:00Z"
        counts.append(reads(lambda target=target: subject.times(target)))
        assert subject.times(target) == times
    assert max(counts) < 1_000, counts


@pytest.mark.slow
def test_fifty_thousand_commits(subject):
    shas = fast_import(subject.path, linear(50_000))
    assert reads(lambda: subject.page(50)) <= 52
    assert reads(lambda: subject.page(50, at(shas[25_000]))) <= 52
    for _ in range(6):  # 10,000 commits each, less those down to the first landmark
        times = subject.times("/content")
    assert times["README"] == "2017-07-14T02:40:00Z"
    assert reads(lambda: subject.times("/content")) < 1_000
    assert list(chain.from_iterable(subject.pages(100))) == shas[::-1]
