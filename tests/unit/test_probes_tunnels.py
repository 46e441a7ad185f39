"""What the probes of the tunnels make of what strongSwan, gateways and laptops say."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.contrib.ikev2 import IKEv2, IKEv2_KE, IKEv2_Notify, IKEv2_Proposal, IKEv2_SA, IKEv2_Transform
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_SA

from recette.errors import Inconclusive
from recette.probes.associations import parse
from recette.probes.ike import COOKIE, NO_PROPOSAL_CHOSEN, STRONG, Offer, Reply, offer, read, with_cookie
from recette.probes.roaming import Attempt, code

LISTING = (
    "list-sa event {siege-wan-a {uniqueid=7 version=2 state=ESTABLISHED local-host=198.51.100.4 local-id=vpn.example "
    "remote-host=192.0.2.60 remote-id=siege.example encr-alg=AES_GCM_16 encr-keysize=256 prf-alg=PRF_HMAC_SHA2_384 "
    "dh-group=ECP_384 child-sas {siege-wan-a-1 {name=siege-wan-a state=INSTALLED protocol=ESP spi-in=c718f0e1 "
    "spi-out=114d2fe6 encr-alg=AES_GCM_16 encr-keysize=256 bytes-in=12 bytes-out=34 local-ts=[10.94.30.0/24] "
    "remote-ts=[10.10.0.0/24]}}}}\n"
    "list-sa event {nomades {uniqueid=9 version=2 state=ESTABLISHED remote-host=192.0.2.20 remote-id=jfournier "
    "remote-vips=[10.94.250.19] child-sas {}}}\n"
    "list-sas reply {}\n"
)


def test_a_listing_gives_associations_with_their_keys() -> None:
    tunnel, roamer = parse(LISTING)
    assert (tunnel.name, tunnel.peer, tunnel.cipher, tunnel.group) == (
        "siege-wan-a",
        "siege.example",
        "AES_GCM_16-256",
        "ECP_384",
    )
    (child,) = tunnel.children
    assert (child.here, child.there, child.spi_in, child.bytes_out) == (
        ("10.94.30.0/24",),
        ("10.10.0.0/24",),
        "c718f0e1",
        34,
    )
    assert tunnel.stands
    assert tunnel.current is child
    assert (roamer.person, roamer.lent, roamer.stands) == ("jfournier", ("10.94.250.19",), False)


def test_a_negotiation_that_nobody_went_on_with_is_told_from_a_tunnel() -> None:
    (begun,) = parse(
        "list-sa event {(unnamed) {uniqueid=12 version=2 state=CONNECTING remote-host=198.51.100.4 child-sas {}}}\n"
    )
    assert begun.begun_only
    assert not any(each.begun_only for each in parse(LISTING))


def test_nothing_stands_while_strongswan_says_nothing() -> None:
    assert list(parse("")) == []


@pytest.mark.parametrize("offer", [STRONG, Offer("3DES", encryption=(3, 0), integrity=12), Offer("modp", group=2)])
def test_an_offer_says_what_it_is_made_of(offer: Offer) -> None:
    message = IKEv2(bytes(offer.packet()))
    found = []
    layer = message[IKEv2_SA].prop.trans
    while isinstance(layer, IKEv2_Transform):
        found.append((layer.transform_type, layer.transform_id))
        layer = layer.payload
    assert found[0] == (1, offer.encryption[0])
    assert found[-1] == (4, offer.group)
    assert message[IKEv2_KE].group == offer.group


def test_choosing_a_proposal_is_accepting_in_both_versions() -> None:
    chosen = IKEv2_SA(prop=IKEv2_Proposal(proto=1, trans_nb=0))
    assert read(IKEv2(bytes(IKEv2() / chosen))) is Reply.ACCEPTED
    assert read(ISAKMP(bytes(ISAKMP() / ISAKMP_payload_SA()))) is Reply.ACCEPTED


def test_saying_no_and_saying_nothing_are_told_apart() -> None:
    assert read(IKEv2(bytes(IKEv2() / IKEv2_Notify(type=NO_PROPOSAL_CHOSEN)))) is Reply.REFUSED
    assert read(None) is Reply.SILENCE


def test_a_cookie_is_sent_back_before_the_same_offer() -> None:
    message = STRONG.packet()
    asked = IKEv2(bytes(IKEv2() / IKEv2_Notify(type=COOKIE, notify=b"biscuit")))
    again = IKEv2(bytes(with_cookie(message, asked)))
    assert again[IKEv2_Notify].notify == b"biscuit"
    assert again.init_SPI == message.init_SPI
    assert again[IKEv2_KE].ke == message[IKEv2_KE].ke
    assert with_cookie(message, None) is message


def test_codes_are_those_of_rfc_6238(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recette.probes.roaming.time.time", lambda: 59.0)
    assert code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == "287082"
    monkeypatch.setattr("recette.probes.roaming.time.time", lambda: 29.0)
    assert code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 1) == "287082"


def test_silence_is_no_refusal() -> None:
    said = Attempt(accepted=False, duration_s=20.0, said="[IKE] giving up after 4 retransmits")
    refused = Attempt(accepted=False, duration_s=2.0, said="[IKE] received EAP_FAILURE, EAP authentication failed")
    assert not said.refused
    assert said.answer == "aucune réponse"
    assert refused.refused


class Busy:
    """A gateway that asks the second offer for a cookie, and refuses it once it has one; or asks for ever."""

    def __init__(self, *, for_ever: bool) -> None:
        self.for_ever = for_ever
        self.rounds = 0

    def python(self, _host: str, _source: str, payload: dict[str, Any], *, timeout_s: float) -> list[str]:
        del timeout_s
        self.rounds += 1
        header = IKEv2(init_SPI=b"\1" * 8, exch_type=34)
        wants = bytes(header / IKEv2_Notify(type=COOKIE, notify=b"again")).hex()
        refuses = bytes(header / IKEv2_Notify(type=NO_PROPOSAL_CHOSEN)).hex()
        takes = bytes(header / IKEv2_SA()).hex()
        first = [takes, wants] if self.rounds == 1 else [wants if self.for_ever else refuses]
        assert len(payload["messages"]) == len(first)
        return first


def test_only_the_offer_that_was_asked_for_a_cookie_is_made_again() -> None:
    weak = Offer("faible", group=2)
    found = offer(Busy(for_ever=False), "siege-gw", "198.51.100.4", [STRONG, weak])  # type: ignore[arg-type]
    assert found == {STRONG.name: Reply.ACCEPTED, weak.name: Reply.REFUSED}


def test_a_gateway_that_only_asks_for_cookies_has_refused_nothing() -> None:
    with pytest.raises(Inconclusive, match="témoin"):
        offer(Busy(for_ever=True), "siege-gw", "198.51.100.4", [STRONG, Offer("faible", group=2)])  # type: ignore[arg-type]
