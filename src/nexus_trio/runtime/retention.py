"""Retention: what is older than the operator wants to keep is removed, whole days at a time."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import trio

from nexus_trio.errors import NotFound, StoreUnavailable
from nexus_trio.runtime.services import Services

if TYPE_CHECKING:
    from nexus_trio.runtime.hub import Hub

log = logging.getLogger("nexus_trio")

EVERY_S: Final = 3600.0
"""How often it is looked what is due. Days end at midnight UTC, so that of the looks of a
day only one finds something, and files are swept once a day and not 24 times."""

BATCH: Final = 200
"""Turns, and events of each room, removed by one commit: others' commits wait some milliseconds."""


async def retain(hub: Hub, services: Services) -> None:
    """Remove what is older than `retention_days`, now and every hour, until cancelled.

    Turns and room events go by their age. A user who was not active for so long
    is erased whole; the session of one who is here stays, however old.
    """
    while True:
        try:
            await remove_old(hub, services)
        except StoreUnavailable:
            log.warning("the store was not there to remove what is old; trying again in an hour")
        await trio.sleep(EVERY_S)


async def remove_old(hub: Hub, services: Services) -> None:
    """One such look. Raises `StoreUnavailable`; what was removed before stays so."""
    store, today = services.store, services.now().replace(hour=0, minute=0, second=0, microsecond=0)
    before = today - timedelta(days=services.settings.retention_days)
    found = False
    while expired := await services.read(store.expire(before, BATCH)):
        hub.expired(expired)
        found = True
    after = ""
    while users := await services.read(store.inactive(before, after, BATCH)):
        after = users[-1]
        for user_id in users:
            try:
                found |= await hub.retire(user_id)
            except NotFound:
                continue  # erased meanwhile by somebody else
    if found:
        await store.sweep()
