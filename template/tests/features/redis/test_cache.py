"""What is kept, for how long, and what makes it go."""

import asyncio
import random
from datetime import timedelta

import pytest
from pydantic import BaseModel

from app.features.redis import Cache, Namespace, cached
from app.features.redis.client import RedisClient
from app.features.redis.store import RedisStore

TTL = timedelta(seconds=60)


class Colour(BaseModel):
    name: str


@pytest.fixture
def cache(link: RedisClient) -> Cache:
    return Cache(RedisStore(link, "test:"))


@pytest.fixture
def colours(cache: Cache) -> Namespace[Colour]:
    return cache.namespace("colour", Colour, ttl=TTL, absent_ttl=timedelta(seconds=5))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change counts as long ago: stored answers are used again."""
    monkeypatch.setattr(Cache, "is_settled", lambda *_: True)


class Loader:
    """Says the same each time, and counts how often it was asked."""

    def __init__(self, answer: Colour | None = None) -> None:
        self.answer = answer
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def __call__(self) -> Colour | None:
        self.calls += 1
        answer = self.answer
        self.asked.set()
        await self.may_answer.wait()
        return answer


@pytest.mark.usefixtures("settled")
async def test_what_was_set_is_kept_until_it_is_forgotten(
    cache: Cache, colours: Namespace[Colour]
) -> None:
    await colours.set("sky", Colour(name="blue"), tags=["weather"])
    await colours.set("grass", Colour(name="green"))
    kept = [await colours.get("sky", tags=["weather"]), await colours.get("grass")]

    await cache.invalidate("weather")
    await colours.forget("grass")

    assert kept == [Colour(name="blue"), Colour(name="green")]
    assert [await colours.get("sky", tags=["weather"]), await colours.get("grass")] == [None, None]


async def test_namespaces_do_not_see_each_other(cache: Cache, colours: Namespace[Colour]) -> None:
    names = cache.namespace("name", str, ttl=TTL)
    await colours.set("sky", Colour(name="blue"))

    assert await names.get("sky") is None


@pytest.mark.parametrize(
    ("answer", "chance", "seconds"),
    [(Colour(name="blue"), 0.0, 60), (Colour(name="blue"), 1.0, 54), (None, 0.0, 5)],
)
async def test_an_answer_lives_as_long_as_its_kind_less_a_random_share(
    colours: Namespace[Colour],
    link: RedisClient,
    monkeypatch: pytest.MonkeyPatch,
    answer: Colour | None,
    chance: float,
    seconds: int,
) -> None:
    monkeypatch.setattr(random, "random", lambda: chance)
    load = Loader(answer)

    answers = [await colours.fetch("sky", load) for _ in range(2)]
    (left_ms,) = await link.call(("PTTL", "test:answer:colour:sky"))

    assert (answers, load.calls) == ([answer] * 2, 1)
    assert seconds - 2 < left_ms / 1000 <= seconds


async def test_that_there_is_nothing_is_kept_only_where_asked_for(cache: Cache) -> None:
    colours = cache.namespace("colour", Colour, ttl=TTL)
    load = Loader(None)

    assert [await colours.fetch("sky", load) for _ in range(2)] == [None, None]

    assert load.calls == 2


async def test_many_who_ask_at_once_cause_one_load(colours: Namespace[Colour]) -> None:
    load = Loader(Colour(name="blue"))
    load.may_answer.clear()
    asking = [asyncio.create_task(colours.fetch("sky", load)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()
    load.may_answer.set()

    answers = await asyncio.gather(*asking[1:])

    assert answers == [load.answer] * 49
    assert load.calls == 1


@pytest.mark.usefixtures("settled")
async def test_a_change_during_a_load_ends_what_was_loaded(
    cache: Cache, colours: Namespace[Colour]
) -> None:
    load = Loader(Colour(name="blue"))
    load.may_answer.clear()
    early = asyncio.create_task(colours.fetch("sky", load, tags=["weather"]))
    await load.asked.wait()
    load.answer = Colour(name="grey")

    await cache.invalidate("weather")
    late = asyncio.create_task(colours.fetch("sky", load, tags=["weather"]))
    await asyncio.sleep(0)
    load.may_answer.set()

    assert (await early, await late) == (Colour(name="blue"), Colour(name="grey"))
    assert await colours.get("sky", tags=["weather"]) == Colour(name="grey")


async def test_a_load_that_fails_fails_for_all_who_asked_and_is_not_kept(
    colours: Namespace[Colour],
) -> None:
    async def fail() -> Colour | None:
        await asyncio.sleep(0)
        raise LookupError("no sky")

    answers = await asyncio.gather(
        *(colours.fetch("sky", fail) for _ in range(3)), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [LookupError] * 3
    assert await colours.fetch("sky", Loader(Colour(name="blue"))) == Colour(name="blue")


async def test_a_function_whose_answers_are_kept(colours: Namespace[Colour]) -> None:
    asked = []

    @cached(colours, lambda place: place.lower())
    async def colour_of(place: str) -> Colour:
        asked.append(place)
        return Colour(name=f"{place} blue")

    answers = [await colour_of(place) for place in ("Sky", "sky", "Sea")]

    assert [answer.name for answer in answers if answer] == ["Sky blue", "Sky blue", "Sea blue"]
    assert asked == ["Sky", "Sea"]


async def test_a_process_does_not_use_what_is_stored_just_after_a_change(
    cache: Cache, colours: Namespace[Colour]
) -> None:
    other = Cache(cache.store).namespace("colour", Colour, ttl=TTL)
    await cache.invalidate("weather")

    await other.set("sky", Colour(name="blue"), tags=["weather"])

    assert await colours.get("sky", tags=["weather"]) is None
    assert await other.get("sky", tags=["weather"]) == Colour(name="blue")


async def test_without_redis_each_call_loads() -> None:
    colours = Cache(RedisStore(RedisClient(""), "test:")).namespace("colour", Colour, ttl=TTL)
    load = Loader(Colour(name="blue"))

    assert [await colours.fetch("sky", load) for _ in range(2)] == [load.answer] * 2

    assert load.calls == 2
