"""Every setting, typed. Read from the environment, then secret files, then ``config/*.yaml``.

Environment variables win. Nested settings take a double underscore: ``LIMITS__DAILY_LOSS=150``. A wrong value
or an unknown key stops the process with exit code 1 and a line for every bad field. Amounts are decimal text
("0.985", "200"): a YAML float has already lost the cent and is refused.
"""

import os
import re
import secrets
import sys
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from infra import channels
from infra.amounts import UsdcText
from polyloly_site import keys, refused, tellers
from polyloly_site.addresses import POLYMARKET, Network, Urls, near, networks, simulated
from polyloly_site.sections import Alerts, LogIn, PairArb
from risk.limits.fields import LimitFields

ROOT: Final = Path(__file__).resolve().parent.parent
STRATEGIES: Final = frozenset({"pair_arb"})
ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


class Venue(StrEnum):
    SIMULATOR = "simulator"
    POLYMARKET = "polymarket"


class Mode(StrEnum):
    DEMO = "demo"
    REHEARSAL = "rehearsal"
    PAPER = "paper"
    # Real money: started by a rule (``trading.health.going_live``), spent once armed (``risk.arming``).
    LIVE = "live"


class Polyloly(BaseSettings):
    """The settings of one run; frozen. In Django: ``django.conf.settings.POLYLOLY``."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_nested_delimiter="__", case_sensitive=False, env_ignore_empty=True
    )

    venue: Venue
    paper_trading: bool
    port: int = Field(ge=1024, le=65534)
    bind: str
    state_dir: Path
    database_url: str | None = None
    redis_url: str | None = None
    simulator_url: str | None = None
    public_origin: str | None = None
    allowed_hosts: str = ""  # further names the console is called by, with commas between
    admin_token: SecretStr | None = None
    operator_token: SecretStr | None = None
    metrics_token: SecretStr | None = None
    secret_key: SecretStr | None = None
    private_key_file: Path | None = None
    private_key: SecretStr | None = Field(default=None, validate_default=True)
    wallet_address: str | None = None  # lower case; in a rehearsal the launcher tells it to every process
    signature_type: int = Field(ge=0, le=3)  # 0 EOA, 1 proxy, 2 safe, 3 deposit wallet (polymarket.md 2)
    speed: Fraction = Field(gt=0, le=1000)
    seed: int = Field(ge=0)
    simulator_stages: int = Field(ge=1, le=50)
    cancel_on_shutdown: bool
    arming_required: bool | None = Field(default=None, validate_default=True)  # null: in live
    live_stays_armed: bool  # whether an arming outlives the trader it was given for
    record: bool
    start_cash: UsdcText
    strategies: str  # those that trade, with commas between
    limits: LimitFields
    pair_arb: PairArb
    alerts: Alerts
    log_in: LogIn
    trusted_proxies: str = ""  # addresses or networks, with commas between, whose X-Forwarded-For is believed
    second_person: bool  # whether reset and arming need the word of another risk admin
    ntp_server: str = Field(min_length=1)  # name or address, :port unless 123; "off" asks nobody
    alert_urls: SecretStr | None = None  # whom to tell: apprise addresses, one a line or with spaces between
    runbook_url: str | None = None  # where docs/runbook.md can be read; by default in the console

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        yaml = YamlConfigSettingsSource(settings_cls, yaml_file=config_files(), deep_merge=True)
        return init_settings, env_settings, file_secret_settings, yaml

    @field_validator("state_dir")
    @classmethod
    def absolute(cls, path: Path) -> Path:
        return (ROOT / path.expanduser()).resolve()

    @field_validator("admin_token", "operator_token", "metrics_token")
    @classmethod
    def long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError("a token needs at least 16 characters")
        return token

    @field_validator("redis_url")
    @classmethod
    def redis_scheme(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url

    @field_validator("public_origin")
    @classmethod
    def https_only(cls, origin: str | None) -> str | None:
        if origin is not None and (not origin.startswith("https://") or origin.count("/") != 2):
            raise ValueError("must be an origin such as https://polyloly.example.org")
        return origin

    @field_validator("trusted_proxies")
    @classmethod
    def are_networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("alert_urls")
    @classmethod
    def can_be_told(cls, urls: SecretStr | None) -> SecretStr | None:
        """A bad one is named by its number and scheme: the rest of it is a secret."""
        addresses = channels.split("" if urls is None else urls.get_secret_value())
        channels.opened(addresses)
        return SecretStr("\n".join(addresses)) if addresses else None

    @field_validator("runbook_url")
    @classmethod
    def a_page(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return url

    @model_validator(mode="after")
    def tokens_differ(self) -> Self:
        """One token for two roles would let every operator reset."""
        admin, operator = self.admin_token, self.operator_token
        if admin is not None and operator is not None and admin == operator:
            raise ValueError("ADMIN_TOKEN and OPERATOR_TOKEN must differ")
        return self

    @field_validator("arming_required")
    @classmethod
    def never_unarmed_in_live(cls, required: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001
        """A rehearsal may be armed as live is; real money never goes without, and paper has nothing to arm."""
        paper, live = info.data.get("paper_trading"), info.data.get("venue") is Venue.POLYMARKET
        if required is False and paper is False and live:
            raise ValueError("real money is never spent unarmed: leave it out")
        if required and paper:
            raise ValueError("on paper there is nothing to arm: set PAPER_TRADING=false too, or leave it out")
        return required

    @field_validator("limits", mode="before")
    @classmethod
    def weekends(cls, limits: object, info: ValidationInfo) -> object:
        """On weekends only play money opens positions, unless somebody says otherwise (trading.md 12)."""
        if isinstance(limits, dict) and limits.get("weekend_trading_enabled") is None:
            play = info.data.get("paper_trading") or info.data.get("venue") is Venue.SIMULATOR
            return limits | {"weekend_trading_enabled": bool(play)}
        return limits

    @field_validator("private_key", mode="before")
    @classmethod
    def valid_key(cls, key: object, info: ValidationInfo) -> SecretStr | None:
        """From ``PRIVATE_KEY`` or its file. No message repeats what was given, be it a path or a key."""
        path = info.data.get("private_key_file")
        if key is not None and path is not None:
            raise ValueError("set PRIVATE_KEY or PRIVATE_KEY_FILE, not both")
        if path is not None:
            return SecretStr(keys.read(path))
        given = key.get_secret_value() if isinstance(key, SecretStr) else key
        return None if given is None else SecretStr(keys.parsed(str(given)))

    @field_validator("wallet_address")
    @classmethod
    def an_address(cls, address: str | None) -> str | None:
        if address is not None and ADDRESS.fullmatch(address) is None:
            raise ValueError("must be an address: 0x and 40 hex digits")
        return None if address is None else address.lower()

    @field_validator("strategies")
    @classmethod
    def known_strategies(cls, names: str) -> str:
        unknown = {name.strip() for name in names.split(",")} - STRATEGIES
        if unknown:
            known = ", ".join(sorted(STRATEGIES))
            raise ValueError(f"there is no strategy {min(unknown)!r}: name some of {known}")
        return names

    @field_validator("simulator_url")
    @classmethod
    def no_real_venue(cls, url: str | None) -> str | None:
        """The one gate between a rehearsal and real money must not be a URL.

        An order signed in a rehearsal is valid at the real venue: whoever gets it could pass it on. So it goes to
        this machine, to a neighbour in the same network, or to a container by its name, and nowhere else.
        """
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        host = (urlsplit(url).hostname or "").lower()
        if "polymarket" in host:
            raise ValueError("the real venue is no simulator")
        if not near(host):
            raise ValueError(
                "must be this machine, a private address or a container's name: it gets signed orders"
            )
        return url

    @model_validator(mode="after")
    def speed_needs_a_simulator(self) -> Self:
        if self.speed != 1 and self.venue is not Venue.SIMULATOR:
            raise ValueError("SPEED other than 1 needs VENUE=simulator: the real venue keeps real time")
        return self

    @property
    def mode(self) -> Mode:
        if not self.paper_trading:
            return Mode.REHEARSAL if self.venue is Venue.SIMULATOR else Mode.LIVE
        return self.paper_mode

    @property
    def paper_mode(self) -> Mode:
        """Of the paper account: what a process that must be armed trades with until it is."""
        return Mode.DEMO if self.venue is Venue.SIMULATOR else Mode.PAPER

    @property
    def needs_arming(self) -> bool:
        """Whether orders reach the venue only while somebody has armed (``risk.arming.arming``)."""
        return self.mode is Mode.LIVE or bool(self.arming_required)

    def trades(self, strategy: str) -> bool:
        """Whether this strategy is among those that trade."""
        return strategy in {name.strip() for name in self.strategies.split(",")}

    @property
    def signs(self) -> bool:
        """Whether orders are signed and sent to the venue, real or simulated, instead of filled on paper."""
        return not self.paper_trading

    @property
    def wallet(self) -> str | None:
        """Whose money is traded, in lower case; ``None`` on paper, and where neither address nor key is known.

        A process without a key asks what the one that has it has noted.
        """
        if not self.signs:
            return None
        if self.wallet_address is not None:
            return self.wallet_address
        if self.private_key is not None:
            return keys.wallet_of(self.private_key, self.signature_type)
        return keys.noted_wallet(self.var_dir)

    @property
    def account(self) -> dict[str, Any]:
        """What ``trading.selectors.account_of`` is asked: on paper by start cash, else by wallet, the newest.

        Where orders must be armed the paper account is traded with until they are: ``trading.selectors`` knows.
        """
        if not self.signs:
            return self.paper_account
        return {"mode": self.mode.value} | ({} if self.wallet is None else {"name": self.wallet})

    @property
    def proxies(self) -> tuple[Network, ...]:
        return networks(self.trusted_proxies)

    @property
    def paper_account(self) -> dict[str, Any]:
        return {"mode": self.paper_mode.value, "start_cash": self.start_cash}

    @property
    def simulator_port(self) -> int:
        return self.port + 1

    @property
    def quote_in_play(self) -> bool:
        chosen = self.pair_arb.quote_in_play
        return self.venue is Venue.SIMULATOR if chosen is None else chosen

    @property
    def urls(self) -> Urls:
        if self.venue is Venue.POLYMARKET:
            return POLYMARKET
        return simulated(self.simulator_url or f"http://127.0.0.1:{self.simulator_port}")

    @property
    def recordings_dir(self) -> Path:
        return self.var_dir / "recordings"

    @property
    def data_dir(self) -> Path:
        return self.state_dir / "data"

    @property
    def logs_dir(self) -> Path:
        return self.state_dir / "logs"

    @property
    def var_dir(self) -> Path:
        return self.state_dir / "var"


def config_files() -> list[Path]:
    """The base first, then the file of the chosen switch; later files win."""
    live = os.environ.get("PAPER_TRADING", "true").strip().lower() in {"false", "0", "no", "off", "n", "f"}
    return [ROOT / "config" / "base.yaml", ROOT / "config" / ("live.yaml" if live else "paper.yaml")]


def complaints(error: ValidationError) -> list[str]:
    """One line for every bad field: the name to set, what is wrong, the value unless it is a secret."""
    lines = []
    for problem in error.errors(include_url=False):
        name = "__".join(str(part) for part in problem["loc"]).upper() or "SETTINGS"
        shown = problem.get("input")
        hidden = any(word in name for word in ("TOKEN", "SECRET", "KEY", "URL"))
        scalar = isinstance(shown, str | int | float) and not hidden
        lines.append(f"  {name}: {problem['msg']}" + (f" (was {shown!r})" if scalar else ""))
    return lines


def read() -> Polyloly:
    """The settings as they are written now. Raises ``ValidationError`` and ``SettingsError``."""
    secret_files = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
    options: dict[str, Any] = {"_secrets_dir": secret_files} if secret_files.is_dir() else {}
    if not keys.may_be_held_here():
        options |= {"private_key": None, "private_key_file": None}
    if not tellers.may_tell_here():
        options |= {"alert_urls": None}
    return Polyloly(**options)


def load() -> Polyloly:
    """Read the settings. Raises ``SystemExit`` with 1 after naming every bad field on stderr."""
    try:
        return read()
    except ValidationError as error:
        lines = complaints(error)
    except SettingsError as error:
        lines = [f"  {error}"]
    sys.stderr.write("\n".join(["polyloly cannot start, these settings are wrong:", *lines, ""]))
    if sys.argv[1:2] in (["up"], ["look_first"]):
        refused.note(lines, ROOT)
    raise SystemExit(1)


def secret_key(polyloly: Polyloly) -> str:
    """Django's key: the setting, else one made at the first start and kept in ``STATE_DIR/var``.

    Several processes may start together: the file is made exclusively, whoever loses reads the winner's.
    """
    if polyloly.secret_key is not None:
        return polyloly.secret_key.get_secret_value()
    path = polyloly.var_dir / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()
