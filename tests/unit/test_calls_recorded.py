"""A real call, recorded: what the agent told and what the network carried, read again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recette.errors import Inconclusive
from recette.probes.calls.media import Keys, media
from recette.probes.calls.phone import Line, Phone
from recette.probes.calls.quality import quality
from recette.probes.calls.tones import hearing
from recette.shell import first_line

RECORDED = Path(__file__).parents[1] / "recorded" / "telephone"
LINE = Line("telephone-1", "10.94.50.41", "voix", "2100", "not-a-secret", 440)


@pytest.fixture
def telephone() -> Iterator[Phone]:
    """A telephone whose agent says again what it said then."""
    process = subprocess.Popen(
        ["cat", str(RECORDED / "agent.jsonl")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    hello = json.loads(first_line(process, 5))["hello"]
    taken = Phone(process, LINE, hello)
    yield taken
    taken.stop()


def test_the_call_is_told_from_registration_to_end(telephone: Phone) -> None:
    telephone.wait_registered(5)
    telephone.stop()  # everything is read by then
    (call,) = telephone.calls
    assert (call.outgoing, call.number, telephone.code(call)) == (True, "2101", 200)
    assert call.encryption == "AES_CM_128_HMAC_SHA1_80"
    assert call.ringing_s is not None
    assert call.established_s is not None
    assert call.ended_s is not None
    assert call.begun_s <= call.ringing_s < call.established_s < call.ended_s
    assert 2 < call.ended_s - call.established_s < 4


def test_the_voice_is_deciphered_and_heard_both_ways(telephone: Phone) -> None:
    telephone.wait_registered(5)
    telephone.stop()
    keys = Keys.of(telephone.messages)
    heard = media(RECORDED / "voix.pcap", LINE.address, telephone.rtp, keys, telephone.epoch_s)
    (received,), (sent,) = heard.received, heard.sent
    assert received.encrypted
    assert (received.name, received.opened, heard.digits) == ("PCMA", len(received.packets), "7")
    assert hearing([received], 660).heard_s > 1.5
    assert not hearing([received], 440).heard
    assert hearing([sent], 440).heard_s > 1.5
    assert quality(sent).missing == 0
    assert quality(sent).mos == pytest.approx(4.41, abs=0.01)


def test_without_the_keys_there_is_nothing_to_hear(telephone: Phone) -> None:
    """What somebody else who captured the same packets has."""
    nothing = media(RECORDED / "voix.pcap", LINE.address, telephone.rtp, Keys((), (), {8: ("PCMA", 8000)}), 0)
    assert not hearing(nothing.received, 660).heard
    assert not hearing(nothing.sent, 440).heard


def test_the_voice_of_a_neighbour_on_the_same_host_is_left_aside(telephone: Phone) -> None:
    keys = Keys.of(telephone.messages)
    assert media(RECORDED / "voix.pcap", LINE.address, (10084, 10095), keys, 0).streams == ()
    held = range(telephone.rtp[0], telephone.rtp[1] + 1)
    assert media(RECORDED / "voix.pcap", LINE.address, telephone.rtp, keys, 0, left_out=held).streams == ()


def test_a_telephone_that_ended_decides_nothing(telephone: Phone) -> None:
    with pytest.raises(Inconclusive, match="téléphone arrêté"):
        telephone.incoming(5)
    with pytest.raises(Inconclusive, match="rien n'a été capturé"):
        telephone.media()
