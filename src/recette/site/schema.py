"""Shape of what the inventory writes by hand, checked before anything is derived from it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, IPvAnyNetwork, ValidationError

from recette.site.document import Location, Place
from recette.site.elements import Role, Vpn
from recette.site.names import nearest

Parsed = TypeVar("Parsed", bound=BaseModel)


class ZoneInput(BaseModel):
    """A zone as written in zones.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None
    network: IPv4Network
    network6: IPv6Network
    gateway: IPv4Address | None = None
    role: Role
    sonde: str | None = None
    vpn: Vpn | None = None


class RouteInput(BaseModel):
    """A route as written in hosts.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: IPvAnyNetwork
    via: IPvAnyAddress


class HostInput(BaseModel):
    """The variables of a host that the model reads; an Ansible inventory may hold others."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    interfaces: dict[str, IPv4Address] = {}
    routes: list[RouteInput] = []
    redundancy: str | None = None
    image: Literal["base", "hyperviseur", "supervision", "telephonie"] = "base"
    forwarding: bool = False


class SiteInput(BaseModel):
    """The variables of group_vars/all that the model reads, zones apart."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    site_name: str | None = None
    site_kind: Literal["twin", "site"]
    site_dns: str
    site_vips: dict[str, dict[str, IPv4Address]] = {}


def parse(model: type[Parsed], data: object, place: Callable[[Location], Place], name: str = "") -> Parsed:
    """Check the shape of `data`; raise RecetteError at the place of the first mistake, `name` saying whose it is."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        location = tuple(mistake["loc"])
        what = ".".join(str(key) for key in ((name,) if name else ()) + location)
        place(location).fail(f"{what}: {_message(model, mistake, location)}")


def _message(model: type[BaseModel], mistake: Any, location: Location) -> str:
    match mistake["type"]:
        case "missing":
            return "missing"
        case "extra_forbidden":
            return f"unknown key{nearest(str(location[-1]), model.model_fields)}"
        case "literal_error":
            return f"unknown {location[-1]} {mistake['input']} (expected {mistake['ctx']['expected']})"
        case "dict_type" | "model_type":
            return "a mapping (key: value) is expected"
        case _:
            return f"{mistake['input']!s:.60}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}"
