"""The drafting rule, and what a replay counts by it."""

from hypothesis import given
from hypothesis import strategies as st

from workers.drafts.draft import Draft, num_agreeing
from workers.drafts.replay import DraftedCounts, replay, replay_all

DRAFT = (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 1)
TOKENS = st.lists(st.integers(0, 3), max_size=60)


def _after(*answer: int) -> tuple[int, ...]:
    draft = Draft(DRAFT)
    for token in answer:
        draft.note(token)
    return tuple(draft.propose(answer))


def test_the_whole_draft_comes_first_but_for_its_end():
    assert _after() == DRAFT[:-1]
    assert _after(10, 11) == DRAFT[2:-1]
    assert _after(*DRAFT[:-1]) == ()


def test_after_another_token_four_that_match_are_needed():
    assert _after(10, 99) == ()
    assert _after(10, 99, 12, 13, 14) == ()
    assert _after(10, 99, 12, 13, 14, 15) == DRAFT[6:-1]
    assert _after(10, 99, 99, 99, 13, 14, 15, 16) == DRAFT[7:-1]


def test_the_longest_match_wins_and_then_the_next_one_on():
    tokens = (7, 1, 2, 3, 4, 50, 8, 1, 2, 3, 4, 60, 1, 2, 3, 4, 70, 0)
    for answer, continuation in (
        ((9, 8, 1, 2, 3, 4), 60),
        ((9, 7, 1, 2, 3, 4), 50),
        ((9, 9, 1, 2, 3, 4), 50),
        ((*tokens[:7], 9, 1, 2, 3, 4), 60),  # the draft was followed up to its eighth token
    ):
        draft = Draft(tokens)
        for token in answer:
            draft.note(token)
        assert draft.propose(answer)[0] == continuation


def test_a_restart_forgets_the_answer():
    draft = Draft(DRAFT)
    draft.note(99)
    assert draft.propose([99]) == ()
    draft.restart()
    assert draft.propose([]) == DRAFT[:-1]


def test_an_empty_draft_proposes_nothing():
    draft = Draft(())
    draft.note(1)
    assert tuple(draft.propose([1])) == ()


def test_how_many_agree():
    assert num_agreeing((1, 2, 3), (1, 2, 4)) == 2
    assert num_agreeing((1, 2), (1, 2, 4)) == 2
    assert num_agreeing((1, 2), (1,)) == 1
    assert num_agreeing((), (1,)) == 0


def test_an_equal_answer_takes_one_pass():
    assert replay(DRAFT, draft=DRAFT) == DraftedCounts(11, 9, 1)
    assert replay(DRAFT, draft=()) == DraftedCounts(11, 0, 10)
    assert replay((), draft=DRAFT) == DraftedCounts()


def test_one_other_token_costs_the_four_that_find_the_draft_again():
    answer = (10, 11, 99, *DRAFT[3:])
    # 11 and the disagreement; 13, 14, 15, 16 one by one; the rest at once
    assert replay(answer, draft=DRAFT) == DraftedCounts(11, 1 + 3, 1 + 4 + 1)
    assert replay_all([(answer, DRAFT), (DRAFT, DRAFT)]) == DraftedCounts(22, 13, 7)


@given(TOKENS, TOKENS)
def test_every_token_is_drafted_or_said_by_a_pass(answer: list[int], draft: list[int]):
    """Where the answer ends with a drafted token, nobody asks what the last pass says next."""
    found = replay(answer, draft=draft)
    assert found.answer_tokens == len(answer)
    said = min(1, len(answer)) + found.drafted_tokens + found.passes
    assert said - len(answer) in (0, 1)
