"""What is kept, for how long, and what makes it go."""

import asyncio
import random
from datetime import timedelta

import pytest
from pydantic import BaseModel

from app.features.cache import Cache, Namespace, cached, stores
from app.features.cache import cache as cache_module
from app.features.cache.stores import MemoryStore

TTL = timedelta(seconds=60)


class Colour(BaseModel):
    name: str


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (cache_module, stores):
        monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def cache() -> Cache:
    return Cache(MemoryStore(is_coherent=True))


@pytest.fixture
def colours(cache: Cache) -> Namespace[Colour]:
    return cache.namespace("colour", Colour, ttl=TTL, absent_ttl=timedelta(seconds=5))


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


async def test_what_was_set_is_kept_until_it_is_forgotten(
    cache: Cache, colours: Namespace[Colour], clock: Clock
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


@pytest.mark.parametrize(("answer", "seconds"), [(Colour(name="blue"), 60), (None, 5)])
async def test_an_answer_lives_as_long_as_its_kind(
    colours: Namespace[Colour],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    answer: Colour | None,
    seconds: int,
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)
    load = Loader(answer)

    calls = []
    for passed in (0.0, seconds - 0.1, 0.2):
        clock.now += passed
        assert await colours.fetch("sky", load) == answer
        calls.append(load.calls)

    assert calls == [1, 1, 2]


async def test_that_there_is_nothing_is_kept_only_where_asked_for(cache: Cache) -> None:
    colours = cache.namespace("colour", Colour, ttl=TTL)
    load = Loader(None)

    assert [await colours.fetch("sky", load) for _ in range(2)] == [None, None]

    assert load.calls == 2


async def test_what_was_stored_together_ends_apart(
    colours: Namespace[Colour], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, chance in (("sky", 0.0), ("grass", 1.0)):
        monkeypatch.setattr(random, "random", lambda chance=chance: chance)
        await colours.set(name, Colour(name=name))

    clock.now += TTL.total_seconds() * 0.95

    assert await colours.get("sky") is not None
    assert await colours.get("grass") is None


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


async def test_a_change_during_a_load_ends_what_was_loaded(
    cache: Cache, colours: Namespace[Colour], clock: Clock
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
    clock.now += cache_module.SETTLING_SECONDS
    assert await colours.get("sky", tags=["weather"]) != Colour(name="blue")


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


async def test_nothing_is_kept_where_another_process_could_keep_a_copy() -> None:
    cache = Cache(MemoryStore(is_coherent=False))
    colours = cache.namespace("colour", Colour, ttl=TTL, coherent=True)
    load = Loader(Colour(name="blue"))

    await colours.fetch("sky", load)
    await colours.fetch("sky", load)

    assert load.calls == 2


@pytest.mark.parametrize("bounds", [{"max_entries": 2}, {"max_bytes": 2 * len('"blue"')}])
async def test_what_was_not_used_longest_goes_first(bounds: dict[str, int]) -> None:
    names = Cache(MemoryStore(is_coherent=True, **bounds)).namespace("name", str, ttl=TTL)
    for key in ("a", "b"):
        await names.set(key, "blue")
    await names.get("a")

    await names.set("c", "blue")

    assert [await names.get(key) for key in ("a", "b", "c")] == ["blue", None, "blue"]


async def test_what_is_larger_than_the_store_is_not_kept() -> None:
    names = Cache(MemoryStore(is_coherent=True, max_bytes=10)).namespace("name", str, ttl=TTL)

    await names.set("a", "a name of more than ten bytes")

    assert await names.get("a") is None
