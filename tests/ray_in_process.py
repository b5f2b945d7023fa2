"""A Ray without processes: actors are objects here, and calls are made when they are waited for.

Owns: as much of Ray as ``search.driving.pool`` uses, for tests of what a driver does with a pool.
Does not cover: that processes die, come up again and find their places; tests/search/driving with
``scripted_on_ray``, test_pool.py and tests/test_resume.py hold the same pool to a real Ray.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ray.exceptions import RayActorError


class RayInProcess:
    """Stands for the module ``ray``, with one node.

    Args:
        num_cpus: What the node has.
        death: What an actor raises where its process would end.
    """

    def __init__(self, *, num_cpus: float, death: type[BaseException] = RayActorError) -> None:
        self._num_cpus, self.death = num_cpus, death
        self._actors: list[_Actor] = []

    def init(self, **_: Any) -> None:
        """Nothing is started."""

    def shutdown(self) -> None:
        """Nothing is left."""
        self._actors.clear()

    def nodes(self) -> list[dict[str, Any]]:
        """The one node."""
        return [{"Alive": True, "Resources": {"CPU": self._num_cpus}}]

    def remote(self, actor_class: type) -> _ActorClass:
        """Make an actor class of a class."""
        return _ActorClass(self, actor_class)

    def add(self, actor: _Actor) -> None:
        """Give an actor a place; one for which there is none waits for it."""
        self._actors.append(actor)

    def kill(self, actor: _Actor) -> None:
        """Let an actor's place go to the next."""
        if actor in self._actors:
            self._actors.remove(actor)

    def wait(
        self, references: Sequence[_Call], *, num_returns: int, timeout: float
    ) -> tuple[list[_Call], list[_Call]]:
        """What was made before; with time to wait, the oldest call is made now."""
        ready = [call for call in references if call.is_made]
        due = [call for call in references if not call.is_made and self._is_placed(call.actor)]
        if not ready and due and timeout > 0:
            oldest = min(due, key=lambda call: call.number)
            oldest.make()
            ready = [oldest]
        ready = ready[:num_returns]
        return ready, [call for call in references if call not in ready]

    def get(self, call: _Call) -> Any:
        """What a call came to."""
        if call.error:
            raise call.error
        return call.result

    def _is_placed(self, actor: _Actor) -> bool:
        at = self._actors.index(actor)
        taken = sum(other.num_cpus for other in self._actors[: at + 1])
        return taken <= self._num_cpus


@dataclass
class _ActorClass:
    ray: RayInProcess
    actor_class: type
    num_cpus: float = 1.0

    def options(self, *, num_cpus: float, **_: Any) -> _ActorClass:
        return _ActorClass(self.ray, self.actor_class, num_cpus)

    def remote(self, *arguments: Any) -> _Actor:
        make = functools.partial(self.actor_class, *arguments)
        actor = _Actor(make, self.num_cpus, death=self.ray.death)
        self.ray.add(actor)
        return actor


class _Actor:
    """An actor's methods are called as ``actor.method.remote(...)``."""

    def __init__(
        self, make: Callable[[], Any], num_cpus: float, *, death: type[BaseException]
    ) -> None:
        self._make, self.num_cpus, self._death = make, num_cpus, death
        self._held: Any = None
        self.has_ended = False

    def __getattr__(self, name: str) -> _Method:
        return _Method(self, name)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if self.has_ended:
            raise RayActorError
        try:
            self._held = self._held or self._make()
            return getattr(self._held, name)(*arguments)
        except self._death:
            self.has_ended = True
            raise RayActorError from None


@dataclass
class _Method:
    actor: _Actor
    name: str

    def remote(self, *arguments: Any) -> _Call:
        return _Call(self.actor, self.name, arguments)


class _Call:
    """A call of an actor's method, made when it is waited for; told apart by identity."""

    _num_calls = 0

    def __init__(self, actor: _Actor, name: str, arguments: tuple[Any, ...]) -> None:
        _Call._num_calls += 1
        self.number = _Call._num_calls
        self.actor, self.is_made = actor, False
        self._name, self._arguments = name, arguments
        self.result: Any = None
        self.error: RayActorError | None = None

    def make(self) -> None:
        self.is_made = True
        try:
            self.result = self.actor.call(self._name, self._arguments)
        except RayActorError as error:
            self.error = error
