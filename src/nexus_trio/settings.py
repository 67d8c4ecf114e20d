"""Every number that an operator may set, once, each with its reason.

Settings come from flags, then `NEXUS_*` variables, then a TOML file, then the
defaults here. `load` says where each one came from. A value that is not built
yet is refused plainly, so that nobody believes in a guarantee that isn't there.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from nexus_trio.crisis.disclosure import jurisdictions
from nexus_trio.errors import SettingsError

HIDDEN = "********"


def _hide(_: str) -> str:
    return HIDDEN


def _hide_credentials(url: str) -> str:
    """A URL without what may be a secret in it: a password, a key in its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    _, at, host = parts.netloc.rpartition("@")
    netloc = f"{HIDDEN}@{host}" if at else host
    query = HIDDEN if parts.query else ""
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def _setting(
    default: Any,
    reason: str,
    *,
    least: float | None = None,
    most: float | None = None,
    built: tuple[str, ...] = (),
    later: tuple[str, ...] = (),
    mask: Callable[[str], str] | None = None,
    check: Callable[[str], object] | None = None,
) -> Any:
    return field(
        default=default,
        repr=mask is None,
        metadata={
            "reason": reason,
            "least": least,
            "most": most,
            "built": built,
            "later": later,
            "mask": mask,
            "check": check,
        },
    )


def _language_tag(text: str) -> None:
    """Raises `ValueError` for what can't be one (BCP 47): it would name no country, silently."""
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*", text):
        raise ValueError("write a language tag, such as en-GB")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Seconds end in `_s`; the environment's name is `NEXUS_` and the field's."""

    host: str = _setting("127.0.0.1", "Loopback: without tokens nobody else may reach the server.")
    port: int = _setting(4004, "A free, unassigned port; 0 takes any.", least=0, most=65535)
    certfile: str = _setting(
        "", "A PEM file with the certificate and its chain: then it is HTTPS, HTTP/2 included."
    )
    keyfile: str = _setting("", "A PEM file with its private key, without a password.")
    transport: str = _setting(
        "lane",
        "Who speaks with clients: the `lane`, or `hypercorn`'s own protocol, which is slower.",
        built=("lane", "hypercorn"),
    )
    data: str = _setting(
        "./nexus-data", "The data folder, one server each. With durability `memory`, unused."
    )
    durability: str = _setting(
        "power",
        "What a commit survives: `power` a power cut, `process` a crash, `memory` nothing.",
        built=("power", "process", "memory"),
    )
    responder: str = _setting(
        "scripted",
        "Who writes the replies. `scripted` needs no network.",
        built=("scripted", "openai"),
    )
    openai_base_url: str = _setting(
        "", "Address of the model server: its host, or all up to `/v1`.", mask=_hide_credentials
    )
    openai_api_key: str = _setting(
        "", "Key of the model server. Never shown, never logged.", mask=_hide
    )
    openai_model: str = _setting("", "Model to ask there; nothing is asked that nobody chose.")
    openai_connect_s: float = _setting(
        5.0, "To connect, TLS included: a server that is there answers at once.", least=0.1, most=60
    )
    openai_first_token_s: float = _setting(
        60.0,
        "From the call to its first words, all attempts together: a cold model loads this long.",
        least=0.1,
        most=3600,
    )
    openai_between_tokens_s: float = _setting(
        30.0, "From words to words: longer than a busy server's worst pause.", least=0.1, most=600
    )
    openai_concurrency: int = _setting(
        32, "Calls to the model server at once; more only share its speed.", least=1, most=4096
    )
    openai_queue: int = _setting(
        256,
        "Calls that may wait for it, each user in turn; what is more is refused at once.",
        least=0,
        most=65536,
    )
    openai_retries: int = _setting(
        2,
        "Further attempts where a call was refused before its first words.",
        least=0,
        most=10,
    )
    openai_history_tokens: int = _setting(
        3000,
        "About how long a prompt is: fits a context of 4,096 with a reply of some 1,000.",
        least=0,
        most=10_000_000,
    )
    openai_reply_bytes: int = _setting(
        262144, "A reply that grows longer is a model gone astray.", least=1024, most=2**30
    )
    broker: str = _setting(
        "local",
        "How room events get their order; one process needs no service.",
        built=("local",),
        later=("redis",),
    )
    auth: str = _setting(
        "open", "Without tokens, on loopback alone.", built=("open",), later=("tokens",)
    )
    world: str = _setting("", "A TOML file with rooms and personas; empty: the world included.")
    seed: int = _setting(0, "Seed of the scripted responder.", least=0, most=2**63 - 1)
    pace_s: float = _setting(
        0.0, "Seconds between two words of the scripted responder.", least=0, most=5
    )
    locale: str = _setting(
        "en-US", "Language and country of notices where a call names none.", check=_language_tag
    )
    jurisdictions: str = _setting(
        "us-ca,us-ny,us-wa,eu",
        "Whose laws on saying that this is an AI are kept, with commas between; or `none`. All of"
        " them: whoever can reach the server may live there.",
        check=jurisdictions,
    )
    minors: str = _setting(
        "no",
        "Whether the users are known to be minors: they are told more often.",
        built=("no", "yes"),
    )
    crisis_resources: str = _setting(
        "", "A TOML file with lines of help, in the place of ours for the countries that it names."
    )
    crisis_webhook_url: str = _setting(
        "",
        "Told at once of an `imminent` message: a session's opaque id, no text. Empty: nobody is.",
        mask=_hide_credentials,
    )
    crisis_webhook_secret: str = _setting(
        "", "Signs those calls, so that their receiver knows them. Never shown.", mask=_hide
    )
    mailbox: int = _setting(
        16,
        "Messages that may wait in a session: more is a script, not a person.",
        least=1,
        most=4096,
    )
    session_idle_s: float = _setting(
        1800.0,
        "A silent session's actor goes after this; what is stored stays.",
        least=1,
        most=86400,
    )
    presence_grace_s: float = _setting(
        60.0, "A user without a connection stays in the room for this long.", least=0, most=3600
    )
    turn_timeout_s: float = _setting(
        120.0, "The longest a reply may take: slow models on small machines.", least=1, most=3600
    )
    crisis_patience_s: float = _setting(
        5.0,
        "How long a crisis reply waits for the responder; then it is the notice.",
        least=0,
        most=60,
    )
    store_timeout_s: float = _setting(
        5.0, "How long a commit may take before its outcome counts as unknown.", least=0.1, most=60
    )
    history_window: int = _setting(
        20,
        "Turns, or things said aloud, that a responder is given; bounds an idle session's memory.",
        least=0,
        most=1000,
    )
    retention_days: int = _setting(
        0,
        "Turns and room events older than this many days are removed; 0 keeps them for ever.",
        least=0,
        most=36500,
    )
    persona_aloud: str = _setting(
        "on",
        "Whether a room's persona answers aloud what is said to it there.",
        built=("on", "off"),
    )
    persona_cooldown_s: float = _setting(
        3.0,
        "A persona's silence after an answer aloud: nobody, and no program, can keep it talking.",
        least=0,
        most=3600,
    )
    outbox_frames: int = _setting(
        256, "Frames that may wait for one connection; then it is evicted.", least=1, most=65536
    )
    outbox_bytes: int = _setting(
        1024 * 1024,
        "Bytes that may wait for one connection: 64 of the longest messages.",
        least=1024,
        most=2**30,
    )
    on_disconnect: str = _setting(
        "keep",
        "A turn whose connection goes away is finished (`keep`) or ended (`abort`).",
        built=("keep", "abort"),
    )
    connections: int = _setting(
        10_000,
        "Open at once: one more is told to come back. Idle ones take some 120 MB at that.",
        least=1,
        most=1_000_000,
    )
    connections_per_address: int = _setting(
        256,
        "Of these from one address: an office behind one has fewer, one attacker no more."
        " Loopback is not counted: there a proxy speaks for everybody.",
        least=1,
        most=1_000_000,
    )
    connections_per_user: int = _setting(
        8, "Phone, desktop and some tabs; then the oldest one goes.", least=1, most=64
    )
    grace_s: float = _setting(
        10.0,
        "From the signal to the end of the process: what service managers wait for.",
        least=0.1,
        most=300,
    )
    body_timeout_s: float = _setting(
        20.0,
        "A request's next bytes come within this, or the connection closes.",
        least=0.1,
        most=600,
    )
    keep_alive_s: float = _setting(
        75.0,
        "An idle connection closes after this: longer than the browsers' own.",
        least=1,
        most=3600,
    )

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            _check(spec, getattr(self, spec.name))
        for name, other in (("certfile", "keyfile"), ("keyfile", "certfile")):
            if getattr(self, name) and not getattr(self, other):
                raise SettingsError(f"{name} needs {other}; set it (NEXUS_{other.upper()})")
        if self.crisis_webhook_url:
            if not self.crisis_webhook_url.startswith(("http://", "https://")):
                raise SettingsError(
                    "crisis_webhook_url must begin with http:// or https:// "
                    "(NEXUS_CRISIS_WEBHOOK_URL)"
                )
            if len(self.crisis_webhook_secret) < 16:
                raise SettingsError(
                    "crisis_webhook_url needs a crisis_webhook_secret of 16 characters or more; "
                    "set it (NEXUS_CRISIS_WEBHOOK_SECRET)"
                )
        if self.responder == "openai":
            for name in ("openai_base_url", "openai_model"):
                if not getattr(self, name):
                    variable = f"NEXUS_{name.upper()}"
                    raise SettingsError(f"responder openai needs {name}; set it ({variable})")


def _check(spec: dataclasses.Field[Any], value: Any) -> None:
    name, meta = spec.name, spec.metadata
    built, later = meta["built"], meta["later"]
    if built and value not in built:
        kind = str(value).partition(":")[0]
        if kind in later:
            raise SettingsError(
                f"{name} {kind} is not built yet; use {' or '.join(built)} (NEXUS_{name.upper()})"
            )
        raise SettingsError(f"{name} must be {' or '.join(built)} (NEXUS_{name.upper()})")
    if meta["check"] is not None:
        try:
            meta["check"](value)
        except ValueError as error:
            raise SettingsError(f"{name}: {error} (NEXUS_{name.upper()})") from None
    least, most = meta["least"], meta["most"]
    if least is not None and not least <= value <= most:
        raise SettingsError(f"{name} must be from {least} to {most} (NEXUS_{name.upper()})")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and for each the source: `flag`, `environment`, `file`, `default`."""

    settings: Settings
    sources: Mapping[str, str]


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str], config: Path | None = None
) -> Loaded:
    """Settings from flags (None: not given), variables, the TOML file, defaults.

    Raises `SettingsError` for an unknown name, a value of the wrong type or out
    of its bounds, or a file that can't be read.
    """
    specs = {spec.name: spec for spec in dataclasses.fields(Settings)}
    values: dict[str, Any] = {}
    sources = dict.fromkeys(specs, "default")
    for name, raw in _from_file(config, specs).items():
        values[name], sources[name] = _typed(specs[name], raw), "file"
    for name, spec in specs.items():
        raw = environ.get(f"NEXUS_{name.upper()}")
        if raw is not None:
            values[name], sources[name] = _typed(spec, raw, text=True), "environment"
    for name, raw in flags.items():
        if raw is not None:
            values[name], sources[name] = _typed(specs[name], raw), "flag"
    return Loaded(Settings(**values), sources)


def _from_file(config: Path | None, specs: Mapping[str, Any]) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"can't read {config}: {error.strerror}; check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not valid TOML: {error}") from None
    unknown = sorted(table.keys() - specs.keys())
    if unknown:
        raise SettingsError(
            f"{config} has unknown settings: {', '.join(unknown)}; see 'nexus-trio config show'"
        )
    return table


def _typed(spec: dataclasses.Field[Any], raw: Any, *, text: bool = False) -> Any:
    kind = {"int": int, "float": float, "str": str}[cast(str, spec.type)]
    try:
        if kind is str and isinstance(raw, str):
            return raw
        if kind is int and (text or (isinstance(raw, int) and not isinstance(raw, bool))):
            return int(raw)
        if kind is float and (
            text or (isinstance(raw, (int, float)) and not isinstance(raw, bool))
        ):
            return float(raw)
    except ValueError:
        pass
    raise SettingsError(
        f"{spec.name} must be {'text' if kind is str else 'a number'} (NEXUS_{spec.name.upper()})"
    )


def rows(loaded: Loaded) -> list[dict[str, Any]]:
    """One row a setting for people and programs: name, value, source, reason; secrets masked."""
    table = []
    for spec in dataclasses.fields(Settings):
        value = getattr(loaded.settings, spec.name)
        if spec.metadata["mask"] is not None and value:
            value = spec.metadata["mask"](value)
        table.append(
            {
                "name": spec.name,
                "variable": f"NEXUS_{spec.name.upper()}",
                "value": value,
                "source": loaded.sources[spec.name],
                "reason": spec.metadata["reason"],
            }
        )
    return table
