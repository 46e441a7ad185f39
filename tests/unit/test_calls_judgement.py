"""What a telephone hears and how good it is, on signals made here, and on the vectors of the standards."""

from __future__ import annotations

import hmac
import io
import struct
import wave
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recette.errors import Inconclusive
from recette.probes.calls.media import Media, Packet, Stream
from recette.probes.calls.messages import Message
from recette.probes.calls.quality import delay_impairment, mos, network_ms, quality, rating
from recette.probes.calls.sound import A_LAW, MU_LAW, RATE, Samples, decoder
from recette.probes.calls.srtp import Session, derive, keystream
from recette.probes.calls.tones import WINDOW, hearing, listen, recording, share

SUITE = "AES_CM_128_HMAC_SHA1_80"


def sine(hz: float, seconds: float, amplitude: float = 8000) -> Samples:
    samples = amplitude * np.sin(2 * np.pi * hz / RATE * np.arange(round(RATE * seconds)))
    return np.asarray(samples, dtype=np.int16)


def rtp(at: float, number: int, payload: bytes | None, *, kind: int = 8, timestamp: int | None = None) -> Packet:
    clock = 160 * number if timestamp is None else timestamp
    return Packet(at, number % 65536, clock % (1 << 32), marker=False, kind=kind, payload=payload)


def stream(packets: Sequence[Packet], *, events: frozenset[int] = frozenset()) -> Stream:
    """20 ms of A-law in each packet."""
    return Stream(
        1,
        received=True,
        peer=("192.0.2.1", 10000),
        name="PCMA",
        rate=RATE,
        kind=8,
        encrypted=True,
        packets=tuple(packets),
        events=events,
    )


def regular(numbers: Sequence[int], payload: bytes | None = b"\xd5" * 160) -> Stream:
    return stream([rtp(0.02 * number, number, payload) for number in numbers])


def a_law(samples: Samples) -> bytes:
    """The nearest code of each sample."""
    return bytes(int(np.argmin(np.abs(A_LAW.astype(int) - int(sample)))) for sample in samples)


class TestTone:
    def test_a_pure_tone_is_all_of_its_own_energy(self) -> None:
        assert share(sine(440, 0.02), 440) == pytest.approx(1, abs=0.08)

    @pytest.mark.parametrize("other", [340, 540, 660, 880, 1000])
    def test_somebody_elses_tone_is_not_heard(self, other: int) -> None:
        assert not listen([(0, sine(other, 1))], 440).heard

    def test_silence_and_a_whisper_are_not_heard(self) -> None:
        assert not listen([(0, sine(440, 1, amplitude=0)), (1, sine(440, 1, amplitude=50))], 440).heard

    def test_noise_is_not_heard(self) -> None:
        noise = np.random.default_rng(4).normal(0, 4000, RATE).astype(np.int16)
        assert len(listen([(0, noise)], 440).heard) <= 1

    def test_a_tone_under_a_fainter_one_is_heard(self) -> None:
        assert listen([(0, sine(440, 1) + sine(660, 1, amplitude=4000))], 440).heard_s == pytest.approx(1, abs=0.03)

    def test_a_cut_is_measured_to_the_window(self) -> None:
        before, after = sine(440, 1), sine(440, 1)
        gaps = listen([(0, before), (1.36, after)], 440).gaps()
        assert [gap.start_s for gap in gaps] == [pytest.approx(1.0)]
        assert [gap.ms for gap in gaps] == [pytest.approx(360)]

    def test_a_jitter_of_two_windows_is_no_cut(self) -> None:
        assert not listen([(0, sine(440, 1)), (1.05, sine(440, 1))], 440).gaps()

    def test_the_ends_of_a_period_count_when_they_are_asked_for(self) -> None:
        heard = listen([(1.0, sine(440, 1))], 440)
        assert heard.longest_ms() == 0
        assert [gap.ms for gap in heard.gaps(since_s=0, until_s=2.5)] == [pytest.approx(1000), pytest.approx(500)]

    def test_nothing_heard_is_one_cut_as_long_as_the_period(self) -> None:
        assert listen([], 440).longest_ms(since_s=2, until_s=5) == pytest.approx(3000)

    def test_what_no_key_opens_and_what_comes_twice_is_silent(self) -> None:
        tone = a_law(sine(440, 0.02))
        heard = hearing([stream([rtp(0, 0, tone), rtp(0.02, 1, None), rtp(0.03, 0, tone), rtp(0.04, 2, tone)])], 440)
        assert [window.at_s for window in heard.heard] == [0, 0.04]

    def test_a_recording_keeps_the_time_and_the_silences(self) -> None:
        tone = a_law(sine(440, 0.02))
        spoken = stream(
            [*(rtp(0.02 * n, n, tone) for n in range(50)), *(rtp(1.5 + 0.02 * n, 60 + n, tone) for n in range(50))]
        )
        with wave.open(io.BytesIO(recording([spoken]))) as heard:
            assert (heard.getframerate(), heard.getnframes()) == (RATE, pytest.approx(2.5 * RATE, abs=2))

    def test_the_picture_shows_the_cuts_that_were_measured(self) -> None:
        track = listen([(0, sine(440, 1)), (1.36, sine(440, 1))], 440).track("telephone-1", until_s=4)
        assert track.longest_s == pytest.approx(1.64)
        assert len(track.gaps) == 2


class TestCodec:
    def test_g711_follows_the_recommendation(self) -> None:
        assert (A_LAW[0xD5], A_LAW[0x55], A_LAW[0xAA], A_LAW[0x2A]) == (8, -8, 32256, -32256)
        assert (MU_LAW[0xFF], MU_LAW[0x7F], MU_LAW[0x80], MU_LAW[0x00]) == (0, 0, 32124, -32124)

    def test_opus_is_decoded_to_8000_hz(self) -> None:
        # A packet of 20 ms that says nothing: SILK, narrow band, mono, with no frame (RFC 6716, 3.2.1).
        assert len(decoder("OPUS")(b"\x08")) == WINDOW

    def test_an_unknown_codec_decides_nothing(self) -> None:
        with pytest.raises(Inconclusive, match="G729"):
            decoder("G729")


class TestSecureRtp:
    MASTER = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6")

    def test_keys_are_derived_as_in_the_standard(self) -> None:
        """RFC 3711, appendix B.3."""
        assert derive(self.MASTER, 0, 16).hex().upper() == "C61E7A93744F39EE10734AFE3FF7A087"
        assert derive(self.MASTER, 2, 14).hex().upper() == "30CBBC08863D8C85D49DB34A9AE1"
        assert derive(self.MASTER, 1, 16).hex().upper() == "CEBE321F6FF7716B6FD4AB49AF256A15"

    def test_keystream_is_the_standards(self) -> None:
        """RFC 3711, appendix B.2."""
        key, salt = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"), 0xF0F1F2F3F4F5F6F7F8F9FAFBFCFD
        assert keystream(key, salt << 16, 16).hex().upper() == "E03EAD0935C95E80E166B16DD92B4EB4"

    def test_packets_open_across_a_roll_over_and_only_with_their_key(self) -> None:
        sender = Session(SUITE, self.MASTER)
        receiver, stranger = Session(SUITE, self.MASTER), Session(SUITE, bytes(30))
        for index in range(65530, 65545):
            packet = sealed(self.MASTER, index, b"voice %d" % index)
            assert receiver.open(packet, 12) == b"voice %d" % index
            assert stranger.open(packet, 12) is None
            assert receiver.open(packet[:-1] + bytes([packet[-1] ^ 1]), 12) is None
        assert sender.open(b"short", 12) is None


def sealed(master: bytes, index: int, payload: bytes) -> bytes:
    """A packet as a sender makes it (RFC 3711), written apart from what opens it."""
    header = struct.pack(">BBHII", 0x80, 8, index % 65536, 160 * index, 0xCAFEBABE)
    salt = int.from_bytes(derive(master, 2, 14), "big") << 16
    block = salt ^ 0xCAFEBABE << 64 ^ index << 16
    body = bytes(a ^ b for a, b in zip(payload, keystream(derive(master, 0, 16), block, len(payload)), strict=True))
    rolls = (index >> 16).to_bytes(4, "big")
    return header + body + hmac.digest(derive(master, 1, 20), header + body + rolls, "sha1")[:10]


class TestQuality:
    def test_a_perfect_stream(self) -> None:
        seen = quality(regular(range(500)))
        assert (seen.expected, seen.missing, seen.duplicates, seen.reordered) == (500, 0, 0, 0)
        assert seen.jitter_ms == pytest.approx(0, abs=1e-6)
        assert seen.delay_ms == pytest.approx(20, abs=1e-6)
        assert seen.mos == pytest.approx(4.41, abs=0.01)

    def test_losses_are_counted_across_the_wrap_of_numbers(self) -> None:
        numbers = [number for number in range(65500, 65600) if number % 10]
        assert (quality(regular(numbers)).missing, quality(regular(numbers)).expected) == (9, 99)

    def test_a_packet_that_comes_twice_or_late_is_not_lost(self) -> None:
        seen = quality(stream([rtp(0.02 * at, number, b"") for at, number in enumerate([0, 1, 3, 2, 2, 4])]))
        assert (seen.missing, seen.duplicates, seen.reordered) == (0, 1, 1)

    def test_jitter_converges_to_the_mean_deviation(self) -> None:
        """Steps that are 5 ms too long, then too short: J tends to 5 ms (RFC 3550, 6.4.1)."""
        late = stream([rtp(0.02 * number + 0.005 * (number % 2), number, b"") for number in range(400)])
        assert quality(late).jitter_ms == pytest.approx(5, abs=0.01)

    def test_a_hold_left_out_of_the_period_is_no_loss(self) -> None:
        held = regular([*range(100), *range(200, 300)])
        assert quality(held).missing == 100
        assert quality(held, until_s=1.99).missing == 0

    def test_keys_pressed_take_numbers_too(self) -> None:
        sound = regular([0, 1, 4, 5])
        keys = [rtp(0.02 * n, n, bytes([5, 10, 0, 160]), kind=101, timestamp=320) for n in (2, 3)]
        both = stream([*sound.packets, *keys], events=frozenset({101}))
        later = stream([rtp(one.at_s + 0.03, n, one.payload, kind=101, timestamp=9) for n, one in enumerate(keys)])
        assert network_ms(both, replace(later, events=frozenset({101}))) == pytest.approx(30)
        with pytest.raises(Inconclusive, match="aucune touche"):
            network_ms(both, sound)
        assert quality(both).missing == 0
        assert (both.digits, Media((both,), 6).digits, len(both.voice)) == ("5", "5", 4)


class TestModel:
    @pytest.mark.parametrize(("r", "score"), [(93.2, 4.41), (80, 4.03), (60, 3.10), (0, 1.0), (100, 4.5)])
    def test_scores_are_those_of_g107_annex_b(self, r: float, score: float) -> None:
        assert mos(r) == pytest.approx(score, abs=0.01)

    def test_delay_costs_nothing_up_to_100_ms_then_more_and_more(self) -> None:
        assert delay_impairment(100) == 0
        assert delay_impairment(150) == pytest.approx(0.2, abs=0.3)
        assert 10 < delay_impairment(300) < delay_impairment(500)

    def test_a_loss_costs_what_the_codec_cannot_hide(self) -> None:
        assert rating("PCMA", 0.01, 0) == pytest.approx(93.2 - 95 / 26.1)
        assert rating("OPUS", 0.01, 0) == pytest.approx(93.2 - 95 / 5.3)


class TestMessage:
    ANSWER = (
        "SIP/2.0 486 Busy Here\r\nCSeq: 7 INVITE\r\nCall-ID: abc\r\n"
        'P-Asserted-Identity: "Bâtiment 30" <sip:0199001930@pbx.example>\r\n\r\nv=0\r\n'
    )

    def test_an_answer(self) -> None:
        message = Message.parse(self.ANSWER, sent=False, at_s=1.0)
        assert (message.code, message.reason, message.method, message.call_id) == (486, "Busy Here", "INVITE", "abc")
        assert message.identity("p-asserted-identity") == ("0199001930", "Bâtiment 30")
        assert message.identity("From") is None

    def test_a_request_and_rubbish(self) -> None:
        assert Message.parse("BYE sip:x SIP/2.0\nCSeq: 2 BYE\n\n", sent=True, at_s=0).method == "BYE"
        assert Message.parse("\x00\xff", sent=False, at_s=0).code is None
