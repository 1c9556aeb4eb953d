"""What states mean, said once."""

from exporter.model import OVER, STANDINGS, UNFINISHED, Standing, State, rank


def test_every_state_has_its_place():
    """Each word of the vocabulary has a meaning, and with it its place in every order."""
    assert set(STANDINGS) == set(State)
    assert sorted(State, key=rank) == list(STANDINGS)
    assert [standing.value for standing in STANDINGS.values()] == sorted(each.value for each in STANDINGS.values())


def test_groups_of_states_follow_from_their_meaning():
    """What is over is not unfinished, and what is neither calls for somebody."""
    assert not OVER & UNFINISHED
    neither = set(State) - OVER - UNFINISHED
    assert {STANDINGS[state] for state in neither} == {Standing.FAILED, Standing.UNKNOWN}
