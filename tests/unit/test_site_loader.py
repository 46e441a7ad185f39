"""The inventory of the twin is the one of the contract, and each mistake in an inventory is one clear line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from recette.errors import RecetteError
from recette.site import Route, Site, find_site

ROOT = Path(__file__).parents[2]
TWIN = ROOT / "sites" / "jumeau"
HOSTS, ZONES = "hosts.yml", "group_vars/all/zones.yml"
Breaker = Callable[[str, str, str], Path]

# zone: network, gateway, hosts by last byte; the firewalls of the internal zones are checked apart.
CONTRACT = {
    "internet": (
        "192.0.2.0/24",
        None,
        (
            "fai-a 1 fai-b 2 nomade 20 nomade-2 21 operateur 30 mx-externe 40 nuage-1 50 nuage-2 51 siege-gw 60 "
            "attaquant 66"
        ),
    ),
    "wan-a": ("198.51.100.0/28", 1, "fai-a 1 fw-ext-1 2 fw-ext-2 3"),
    "wan-b": ("203.0.113.0/28", 1, "fai-b 1 fw-ext-1 2 fw-ext-2 3"),
    "dmz": ("10.94.10.0/24", 1, "fw-ext-1 2 fw-ext-2 3 mx-1 25 mandataire 80 sbc 60"),
    "transit": ("10.94.20.0/28", None, "fw-ext-1 2 fw-ext-2 3 fw-int-1 5 fw-int-2 6"),
    "serveurs": ("10.94.30.0/24", 1, "dc1 11 dc2 12 mail1 21 mail2 22"),
    "supervision": ("10.94.31.0/24", 1, "sup1 11 sup2 12 siem1 21"),
    "sauvegarde": ("10.94.32.0/24", 1, "bkp1 11"),
    "admin": ("10.94.40.0/24", 1, "bastion 11"),
    "virtualisation": ("10.94.41.0/24", 1, "pve1 11 pve2 12 pve3 13"),
    "stockage": ("10.94.42.0/24", None, "pve1 11 pve2 12 pve3 13"),
    "voix": ("10.94.50.0/24", 1, "pbx1 31 pbx2 32 telephone-1 101 telephone-2 102"),
    "pc-securite": ("10.94.101.0/24", 1, "poste-secu 100"),
    "chaufferie": ("10.94.102.0/24", 1, "gtb 100"),
    "b25-labo": ("10.94.125.0/24", 1, "poste-b25 100"),
    "b30-admin": ("10.94.130.0/24", 1, "poste-b30 100"),
    "b40-maintenance": ("10.94.140.0/24", 1, "poste-b40 100"),
    "b70-production": ("10.94.170.0/24", 1, "ligne-b70 100"),
    "b90-mgh": ("10.94.190.0/24", 1, "poste-b90 100"),
    "b30-production": ("10.94.231.0/24", 1, "ligne-b30 100"),
    "nomades": ("10.94.250.0/24", None, ""),
    "siege": ("10.10.0.0/24", 1, "siege-gw 1 siege-poste 100"),
    "nuage": ("10.200.0.0/24", None, "nuage-1 50 nuage-2 51"),
}
BEHIND_LEVEL_2 = [name for name, (network, gateway, _) in CONTRACT.items() if "10.94." in network and gateway][1:]


@pytest.fixture(scope="module")
def site() -> Site:
    return Site.load(TWIN)


@pytest.fixture
def broken(tmp_path: Path) -> Breaker:
    """Copy the twin's inventory and replace one text in one of its files."""
    copy = tmp_path / "copie"
    shutil.copytree(TWIN, copy)

    def replace(file: str, old: str, new: str) -> Path:
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text, f"{old} is no longer in {file}: mend this test"
        (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return replace


def refusal(path: Path) -> str:
    """Return the message of the refused site, without the directory of the copy."""
    with pytest.raises(RecetteError) as caught:
        Site.load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}/")


@pytest.mark.parametrize("zone", CONTRACT)
def test_zone_of_the_contract(site: Site, zone: str) -> None:
    network, gateway, words = CONTRACT[zone]
    hosts = dict(zip(words.split()[::2], map(int, words.split()[1::2]), strict=True))
    if zone in BEHIND_LEVEL_2:
        hosts |= {"fw-int-1": 2, "fw-int-2": 3}
    assert site.zone(zone).network == ip_network(network)
    assert site.zone(zone).gateway == (ip_network(network).network_address + gateway if gateway else None)
    found = {host.name: host.interface(zone).address.packed[-1] for host in site.hosts.values() if zone in host.zones}
    assert found == hosts


def test_zones_are_those_of_the_contract(site: Site) -> None:
    assert set(site.zones) == set(CONTRACT)
    assert len(BEHIND_LEVEL_2) == 14


def test_vips_of_the_contract(site: Site) -> None:
    level_1 = {"wan-a": "198.51.100.4", "wan-b": "203.0.113.4", "dmz": "10.94.10.1", "transit": "10.94.20.1"}
    assert {zone: str(address) for zone, address in site.vips["fw-ext"].items()} == level_1
    assert set(site.vips["fw-int"]) == {"transit", *BEHIND_LEVEL_2}
    assert str(site.vips["fw-int"]["transit"]) == "10.94.20.4"
    assert all(site.vips["fw-int"][zone] == site.zone(zone).gateway for zone in BEHIND_LEVEL_2)
    assert str(site.vips["pbx"]["voix"]) == "10.94.50.30"
    assert str(site.vip6("fw-ext", "wan-b")) == "2001:db8:0:b::4"


def test_last_ipv6_digits_are_those_of_ipv4(site: Site) -> None:
    assert str(site.host("telephone-1").interface("voix").address6) == "fd94:0:0:50::101"
    assert str(site.zone("serveurs").gateway6) == "fd94:0:0:30::1"
    assert site.zone("stockage").gateway6 is None


def test_mac_is_derived_from_the_address(site: Site) -> None:
    assert site.host("dc1").interfaces[0].mac == "02:94:0a:5e:1e:0b"


def test_host_in_one_zone_leaves_by_its_gateway(site: Site) -> None:
    assert site.host("dc1").routes == (
        Route(ip_network("0.0.0.0/0"), ip_address("10.94.30.1")),
        Route(ip_network("::/0"), ip_address("fd94:0:0:30::1")),
    )
    assert [str(route.via) for route in site.host("pve2").routes] == ["10.94.41.1", "fd94:0:0:41::1"]


def test_router_gets_no_default_route_by_derivation(site: Site) -> None:
    defaults = {str(route.to): str(route.via) for route in site.host("fw-int-1").routes}
    assert defaults == {"0.0.0.0/0": "10.94.20.1", "::/0": "fd94:0:0:20::1"}
    for name in ("fai-a", "attaquant"):
        assert all(route.to.prefixlen for route in site.host(name).routes), name
    assert [str(route.to) for route in site.host("fw-ext-1").routes if not route.to.prefixlen] == ["::/0"]


def test_group_variables_reach_hosts_and_hosts_override_them(site: Site) -> None:
    assert site.host("fw-ext-1").redundancy == "fw-ext"
    assert site.host("fw-ext-1").groups == {"pare_feu", "pare_feu_externe"}
    assert (site.host("fw-ext-2").level, site.host("fw-int-1").level, site.host("dc1").level) == (1, 2, None)
    assert site.host("siege-poste").routes[0].via == ip_address("10.10.0.1")
    assert {host.name for host in site.hosts.values() if host.forwarding} == {
        *(f"fw-{side}-{number}" for side in ("ext", "int") for number in (1, 2)),
        *("fai-a", "fai-b", "siege-gw"),
    }


def test_deepest_group_wins(broken: Breaker) -> None:
    copy = Site.load(broken(HOSTS, "forwarding: true\n", "forwarding: true\n        redundancy: toutes\n"))
    assert copy.host("fw-int-1").redundancy == "fw-int"


def test_sondes(site: Site) -> None:
    assert set(site.zones) - set(site.sondes()) == {"transit", "nomades", "nuage"}
    assert all(zone in host.zones for zone, host in site.sondes().items())


@pytest.mark.parametrize(
    ("token", "names"),
    [
        ("dmz", "mx-1 mandataire sbc"),
        ("supervision", "sup1 sup2 siem1"),
        ("bastion", "bastion"),
        ("pbx", "pbx1 pbx2"),
        ("fw-int", "fw-int-1 fw-int-2"),
        ("telephones", "telephone-1 telephone-2"),
        ("transit", ""),
    ],
)
def test_members_of_a_token(site: Site, token: str, names: str) -> None:
    assert [host.name for host in site.members(token)] == names.split()


def test_whole_site_is_neither_the_operators_nor_the_outside(site: Site) -> None:
    names = {host.name for host in site.members("site")}
    assert {"fw-ext-1", "fw-int-2", "ligne-b70", "pve1", "mx-1"} <= names
    outside = {host.name for host in (*site.members("exterieur"), *site.members("operateurs"))}
    assert set(site.hosts) - names == outside


def test_address_belongs_to_its_most_specific_zone(site: Site) -> None:
    for address, zone in (("10.94.30.200", "serveurs"), ("fd94:0:0:30::9", "serveurs"), ("192.0.2.9", "internet")):
        assert site.zone_of(ip_address(address)) is site.zone(zone)
    assert site.zone_of(ip_address("8.8.8.8")) is None
    assert getattr(Site.load(ROOT / "sites" / "modele").zone_of(ip_address("203.0.113.11")), "name", None) == "serveurs"


def test_group_lists_the_nominal_master_first(site: Site) -> None:
    assert [host.name for host in site.group("fw-ext")] == ["fw-ext-1", "fw-ext-2"]
    with pytest.raises(RecetteError, match="unknown redundancy group fw-exte: did you mean fw-ext"):
        site.group("fw-exte")


def test_other_variables_are_kept(site: Site) -> None:
    assert (
        site.variables["ansible_ssh_common_args"]
        == "-F /run/recette/{{ site_name }}/ssh_config -o ControlPath=/run/recette/{{ site_name }}/control/%n"
    )
    assert "site_zones" not in site.variables


def test_unknown_names_suggest_the_nearest(site: Site) -> None:
    with pytest.raises(RecetteError, match="unknown host bastoin: did you mean bastion"):
        site.host("bastoin")
    with pytest.raises(RecetteError, match="unknown zone serveur: did you mean serveurs"):
        site.zone("serveur")
    with pytest.raises(RecetteError, match="unknown flow FLX-999"):
        site.flow("FLX-999")
    with pytest.raises(RecetteError, match="dc1 has no interface in zone dmz"):
        site.host("dc1").interface("dmz")


def test_find_site_by_name_and_by_path() -> None:
    assert find_site("jumeau") == find_site(str(TWIN)) == TWIN
    with pytest.raises(RecetteError, match="unknown site jumo: the known sites are jumeau, modele"):
        find_site("jumo")


def test_example_of_a_real_site_loads() -> None:
    example = Site.load(find_site("modele"))
    assert (example.name, example.kind) == ("modele", "site")


def test_directory_names_the_site_unless_declared(broken: Breaker) -> None:
    assert Site.load(broken(ZONES, "site_name: jumeau\n", "")).name == "copie"


def line_of(path: Path, file: str, text: str) -> int:
    return next(n for n, line in enumerate((path / file).read_text(encoding="utf-8").splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            HOSTS,
            "{serveurs: 10.94.30.12}",
            "{serveur: 10.94.30.12}",
            "dc2: unknown zone serveur: did you mean serveurs?",
        ),
        (
            HOSTS,
            "{serveurs: 10.94.30.12}",
            "{serveurs: 10.94.30.11}",
            "address 10.94.30.11 of dc2 is already that of dc1",
        ),
        (
            HOSTS,
            "{supervision: 10.94.31.11}",
            "{supervision: 10.94.32.99}",
            "address 10.94.32.99 of sup1 is outside zone supervision (10.94.31.0/24)",
        ),
        (
            HOSTS,
            "{admin: 10.94.40.11}",
            "{admin: 10.94.40.1111}",
            "bastion.interfaces.admin: 10.94.40.1111: input is not",
        ),
        (HOSTS, "{admin: 10.94.40.11}", "{}", "host bastion has no zone: give it interfaces: {zone: address}"),
        (
            HOSTS,
            "{admin: 10.94.40.11}",
            "{admin: 10.94.40.11}\n          image: voip",
            "bastion.image: unknown image voip",
        ),
        (HOSTS, "via: 10.94.20.4", "via: 10.94.99.4", "fw-ext-1 cannot reach the next hop 10.94.99.4 of its route"),
        (
            HOSTS,
            "hosts:\n        mx-1",
            "host:\n        mx-1",
            "unknown key host in group relais_messagerie: did you mean",
        ),
        (HOSTS, "        mail2:", "        mail1:", 'invalid YAML: found duplicate key "mail1"'),
        (HOSTS, "        mx-1:", "        dc1:", "host dc1 is already described line"),
        (
            HOSTS,
            "{to: 0.0.0.0/0, via: 10.94.20.1}",
            "{to: 0.0.0.0/0, via: 10.94.20.1",
            "invalid YAML: expected ',' or '}'",
        ),
        (ZONES, "role: dmz", "role: dzm", "dmz.role: unknown role dzm"),
        (ZONES, "vlan: 10\n", "vlan: 4095\n", "dmz.vlan: 4095: input should be less than or equal to 4094"),
        (ZONES, "gateway: 10.94.10.1", "gateway: 10.94.11.1", "gateway 10.94.11.1 is outside zone dmz (10.94.10.0/24)"),
        (ZONES, "gateway: 10.94.10.1", "gateway: 10.94.10.9", "gateway 10.94.10.9 of zone dmz is no host and no VIP"),
        (ZONES, "sonde: gtb", "sonde: gtp", "unknown host gtp: did you mean gtb?"),
        (ZONES, "sonde: gtb", "sonde: dc1", "the sonde dc1 has no interface in zone chaufferie"),
        (ZONES, "sonde: gtb", "sonda: gtb", "chaufferie.sonda: unknown key: did you mean sonde?"),
        (ZONES, "network: 10.94.31.0/24", "network: 10.94.30.0/23", "zones serveurs and supervision overlap"),
        (ZONES, "  b40-maintenance:", "  b40-maintenance1:", "zone 'b40-maintenance1': a name is a word of at most 15"),
        (
            ZONES,
            "  pbx: {voix: 10.94.50.30}",
            "  pbx: {voix: 10.94.50.31}",
            "address 10.94.50.31 of the VIP of pbx is already",
        ),
        (
            ZONES,
            "  pbx: {voix: 10.94.50.30}",
            "  pxb: {voix: 10.94.50.30}",
            "VIP of an unknown redundancy group pxb: did you",
        ),
        (
            ZONES,
            "  pbx: {voix: 10.94.50.30}",
            "  pbx: {dmz: 10.94.10.30}",
            "VIP 10.94.10.30: no member of pbx has an interface",
        ),
        (
            ZONES,
            "site_kind: twin",
            "site_kind: twins",
            "site_kind: unknown site_kind twins (expected 'twin' or 'site')",
        ),
        (ZONES, "site_zones:", "site_zones: {}\nothers:", "site_zones: at least one zone is needed"),
    ],
)
def test_mistake_is_one_line_with_its_place(broken: Breaker, file: str, old: str, new: str, expected: str) -> None:
    path = broken(file, old, new)
    message = refusal(path)
    assert message.startswith(f"{file}:"), message
    assert expected in message


@pytest.mark.parametrize(
    ("file", "old", "new", "marker"),
    [
        (HOSTS, "{serveurs: 10.94.30.12}", "{serveurs: 10.94.30.11}", "        dc2:"),
        (HOSTS, "{admin: 10.94.40.11}", "{}", "        bastion:"),
        (HOSTS, "via: 10.94.20.4", "via: 10.94.99.4", "via: 10.94.99.4"),
        (ZONES, "role: dmz", "role: dzm", "role: dzm"),
        (ZONES, "voix: 10.94.50.30", "voix: 10.94.51.30", "10.94.51.30"),
    ],
)
def test_mistake_names_its_line(broken: Breaker, file: str, old: str, new: str, marker: str) -> None:
    path = broken(file, old, new)
    said = int(refusal(path).split(":")[1])
    # The address of a one-line mapping stands just below its host's name.
    assert said - line_of(path, file, marker) in {0, 1}


def test_missing_variable_names_the_directory(broken: Breaker) -> None:
    assert refusal(broken(ZONES, "site_kind: twin", "kind: twin")) == "group_vars/all: site_kind: missing"


def test_missing_files_are_named(tmp_path: Path, broken: Breaker) -> None:
    assert "no zones.yml there; see sites/modele" in refusal(tmp_path / "absent")
    path = broken(HOSTS, "---", "---")
    (path / "flux.csv").unlink()
    assert refusal(path) == "flux.csv: No such file or directory"


def test_encrypted_and_tagged_variables_are_left_alone(broken: Breaker) -> None:
    path = broken(ZONES, "site_kind: twin", "site_kind: twin\nsecret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3165")
    (path / "group_vars/all/vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n3165\n", encoding="utf-8")
    assert "AES256" in str(Site.load(path).variables["secret"])


def test_latin_1_file_is_refused(broken: Breaker) -> None:
    path = broken(HOSTS, "---", "---")
    (path / HOSTS).write_bytes("---\n# hôte\n".encode("latin-1"))
    assert refusal(path) == "hosts.yml:2: this file is not in UTF-8: save it again in that encoding"
