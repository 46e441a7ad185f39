"""What may be said of mail from recorded dialogues, mailboxes and postings."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from recette.errors import Inconclusive
from recette.probes.mail import Call, Dialogue, Door, Fate, Found, Settled
from recette.probes.mail.dialogue import Reply
from recette.probes.mail.mailbox import Reading, counted
from recette.trials.mail.letters import Letter, differences, header
from recette.trials.mail.loss import longest_wait_s, reckon, told
from recette.trials.mail.relaying import Attempts, Curiosity, Envelope, forms
from recette.trials.mail.unwanted import APART, DELIVERED, REFUSED, alter, fate

DOOR = Door(("192.0.2.25",), 25, "mx.site.example")
LETTER = Letter("zoe@ailleurs.example", "leo@site.example", "Été « œuvre »")


def dialogue(*replies: tuple[str, int], error: str = "") -> Dialogue:
    answers = tuple(Reply(command, code, "texte") for command, code in replies)
    return Dialogue(Call(DOOR), "192.0.2.25" if answers else None, answers, error, "", 1.0, 2.0)


TAKEN = dialogue(("EHLO x", 250), ("MAIL FROM:<a>", 250), ("RCPT TO:<b>", 250), ("DATA", 250))
BOUNCED = dialogue(("EHLO x", 250), ("MAIL FROM:<a>", 250), ("RCPT TO:<b>", 550))
GREYLISTED = dialogue(("EHLO x", 250), ("MAIL FROM:<a>", 250), ("RCPT TO:<b>", 451))


def settled(number: int, fate_: Fate = Fate.ACCEPTED, settled_s: float = 0.0) -> Settled:
    return Settled(number, f"<m-{number}>", "leo@site.example", fate_, 0.0, settled_s, "192.0.2.1", 1, "250 ok")


def found(identifier: str, folder: str = "INBOX", raw: bytes | None = None) -> Found:
    return Found(identifier, folder, 3.0, raw)


class TestReckoning:
    def test_nothing_lost_nothing_twice(self) -> None:
        reckoning = reckon([settled(1), settled(0)], Counter({"<m-0>": 1, "<m-1>": 1}))
        assert (reckoning.lost, reckoning.twice, reckoning.refused) == ([], {}, [])
        assert [one.number for one in reckoning.settled] == [0, 1]

    def test_an_accepted_message_that_nobody_can_read_is_lost(self) -> None:
        assert reckon([settled(0), settled(1)], Counter({"<m-1>": 1})).lost == ["<m-0>"]

    def test_an_uncertain_message_may_be_absent_but_not_twice(self) -> None:
        some = [settled(0), settled(1, Fate.UNCERTAIN), settled(2, Fate.UNCERTAIN)]
        reckoning = reckon(some, Counter({"<m-0>": 1, "<m-2>": 2}))
        assert reckoning.lost == []
        assert reckoning.twice == {"<m-2>": 2}

    def test_a_refused_message_is_told_apart(self) -> None:
        reckoning = reckon([settled(0), settled(1, Fate.REFUSED)], Counter({"<m-0>": 1}))
        assert (reckoning.lost, reckoning.refused) == ([], ["<m-1>"])

    def test_nothing_accepted_proves_nothing(self) -> None:
        with pytest.raises(Inconclusive):
            reckon([settled(0, Fate.REFUSED)], Counter())

    def test_the_two_sets_can_be_checked(self) -> None:
        lines = reckon([settled(0)], Counter({"<m-0>": 1})).csv().splitlines()
        assert lines[1] == "<m-0>;leo@site.example;accepted;192.0.2.1;1;1;250 ok"

    def test_copies_of_several_mailboxes_are_added_up(self) -> None:
        readings = [Reading("a", "", 1.0, (found("<m-0>"),)), Reading("a", "", 1.0, (found("<m-0>", "Junk"),))]
        assert counted(readings) == {"<m-0>": 2}

    def test_many_names_are_cut_short(self) -> None:
        assert told(["<m-0>", "<m-1>"]) == "<m-0>, <m-1>"
        assert told(f"<m-{n}>" for n in range(12)).endswith("<m-9> et 2 autres")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1.0, 2.0, 9.0, 9.5], 7.0),  # from the last success before the cut
        ([1.0, 2.0], math.inf),  # none after it
        ([4.0], 1.0),  # none before it: from the cut itself
        ([], math.inf),
    ],
)
def test_the_longest_wait(times: list[float], expected: float) -> None:
    assert longest_wait_s(times, since_s=3.0) == expected


class TestLetters:
    def test_headers_added_on_the_way_do_not_count(self) -> None:
        assert differences(LETTER.raw, b"Received: by mx\r\nDKIM-Signature: v=1\r\n" + LETTER.raw) == []

    def test_a_changed_byte_is_seen(self) -> None:
        (wrong,) = differences(LETTER.raw, LETTER.raw.replace(b"Zo=C3=AB", b"Zo=C3=A8"))
        assert wrong.startswith("corps modifié")

    def test_a_changed_subject_is_seen(self) -> None:
        wrong = differences(LETTER.raw, LETTER.raw.replace(b"Subject: =?utf-8?", b"Subject: [SPAM] =?utf-8?"))
        assert wrong[0].startswith("Subject — Obtenu : [SPAM] Été « œuvre » — Attendu : Été « œuvre »")

    def test_a_folded_header_is_one_value(self) -> None:
        assert header(b"Authentication-Results: a;\r\n\tspf=pass\r\n\r\n", "authentication-results") == ["a; spf=pass"]


@pytest.mark.parametrize(
    ("held", "seen", "expected"),
    [
        (TAKEN, (found("<m>"),), DELIVERED),
        (TAKEN, (found("<m>", "Junk"),), APART),
        (TAKEN, (found("<m>", '"Junk"'),), APART),
        (TAKEN, (), "accepté, puis jamais distribué"),
        (BOUNCED, (), REFUSED),
        (GREYLISTED, (), "renvoyé à plus tard ou interrompu (RCPT TO:<b> : 451 texte)"),
        (dialogue(error="TimeoutError: timed out"), (), "renvoyé à plus tard ou interrompu (TimeoutError: timed out)"),
        (TAKEN, (found("<m>"), found("<m>", "Junk")), "rangé dans INBOX, Junk"),
    ],
)
def test_the_fate_of_a_message(held: Dialogue, seen: tuple[Found, ...], expected: str) -> None:
    assert fate(held, seen) == expected


class TestAltering:
    RAW = b"Received: x\r\nDKIM-Signature: v=1; d=a.example\r\nMessage-ID: <one>\r\n\r\nnotre compte rendu\r\n"

    def test_one_word_changes_from_the_signature_on(self) -> None:
        assert alter(self.RAW, "<one>", "<two>") == (
            b"DKIM-Signature: v=1; d=a.example\r\nMessage-ID: <two>\r\n\r\nnotre faux rendu\r\n"
        )

    def test_an_unsigned_message_proves_nothing(self) -> None:
        with pytest.raises(Inconclusive, match="pas signé"):
            alter(b"Message-ID: <one>\r\n\r\ncompte rendu\r\n", "<one>", "<two>")


class TestRelaying:
    def test_the_forms_are_the_22_announced_and_all_different(self) -> None:
        found_forms = forms(DOOR, "site.example", "leo@site.example", "zoe@ailleurs.example")
        assert len(set(found_forms)) == 22
        assert Envelope("zoe@ailleurs.example", "@[192.0.2.25]:zoe@ailleurs.example") in found_forms
        assert all("ailleurs.example" in form.recipient for form in found_forms)

    def attempts(self, *dialogues: Dialogue) -> Attempts:
        envelopes = tuple(Envelope("a", f"b{n}") for n in range(len(dialogues)))
        return Attempts("attaquant", DOOR, envelopes, dialogues, TAKEN)

    def test_an_accepted_recipient_is_a_relay(self) -> None:
        attempts = self.attempts(BOUNCED, TAKEN)
        assert attempts.relayed() == ["de <a> à <b1> : 250 texte"]
        assert attempts.controlled

    def test_a_recipient_without_a_sender_is_none(self) -> None:
        assert self.attempts(dialogue(("MAIL FROM:<a>", 501), ("RCPT TO:<b>", 250))).relayed() == []

    def test_a_silent_server_proves_nothing(self) -> None:
        with pytest.raises(Inconclusive, match="n'a pas répondu"):
            self.attempts(dialogue(error="TimeoutError: timed out")).relayed()

    def test_the_curious_learn_nothing(self) -> None:
        refusing = dialogue(("VRFY a", 502), ("EXPN a", 502))
        assert Curiosity("mx", refusing, refusing).leaks() == []

    @pytest.mark.parametrize(("known", "unknown"), [(252, 550), (252, 252), (502, 550)])
    def test_the_curious_learn_something(self, known: int, unknown: int) -> None:
        leaks = Curiosity(
            "mx", dialogue(("VRFY a", known), ("EXPN a", 502)), dialogue(("VRFY b", unknown), ("EXPN b", 502))
        ).leaks()
        assert leaks
        assert all(line.startswith("VRFY") for line in leaks)
