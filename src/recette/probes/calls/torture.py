"""Messages that no telephone sends, in the spirit of RFC 4475: a bounded set, each of which must harm nobody.

Some are right though strange, most are wrong; what counts is that the exchange goes on. VIA, BRANCH and SOURCE are
filled in by the agent that sends them.
"""

from __future__ import annotations

HEAD = (
    "Via: VIA;branch=BRANCH;rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:torture@invalid>;tag=1\r\nTo: <sip:1000@invalid>\r\n"
    "Call-ID: {name}-BRANCH\r\nCSeq: 1 {method}\r\nContact: <sip:torture@SOURCE>\r\n"
)
TYPE = "Content-Type: application/sdp\r\n"
TWICE = "Call-ID: other\r\nCSeq: 5 BYE\r\nTo: <sip:a@b>\r\nFrom: <sip:c@d>\r\n"
SOUND = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 10090 RTP/AVP 8\r\n"
MEDIA = "m=audio 10092 RTP/AVP 8\r\n"


def _request(name: str, method: str = "OPTIONS", *, head: str = HEAD, extra: str = "", body: str = "") -> bytes:
    lines = head.format(name=name, method=method)
    size = "" if "Content-Length" in extra else f"Content-Length: {len(body)}\r\n"
    return f"{method} sip:1000@invalid SIP/2.0\r\n{lines}{extra}{size}\r\n{body}".encode()


def _answer(status: str) -> bytes:
    """An answer to an invitation that was never sent."""
    return f"SIP/2.0 {status}\r\n{HEAD.format(name='stray', method='INVITE')}\r\n".encode()


def _changed(name: str, old: str, new: str, method: str = "OPTIONS") -> bytes:
    """A good request with one thing replaced."""
    return _request(name, method).replace(old.encode(), new.encode(), 1)


def malformed() -> dict[str, bytes]:
    """Every message, by name. RFC 4475 sections are given where one inspired it."""
    return {
        # 3.1.1: right, though strange.
        "folded-headers": _changed("folded-headers", "Max-Forwards: 70", "Max-Forwards:\r\n  70"),
        "odd-case": _changed("odd-case", "Call-ID", "cAlL-iD"),
        "escaped-nul": _changed("escaped-nul", "sip:1000@", "sip:10%00%00@"),
        "long-values": _request("long-values", extra=f"X-Long: {'a' * 4000}\r\n"),
        "many-headers": _request("many-headers", extra="".join(f"X-{n}: {n}\r\n" for n in range(300))),
        "unknown-method": _request("unknown-method", "!interesting-Method0123456789_*+`.%indeed'~"),
        # 3.1.2: wrong.
        "extra-separators": _changed("extra-separators", "rport\r\n", "rport;;,;,,\r\n"),
        "length-too-large": _request("length-too-large", "INVITE", extra="Content-Length: 9999\r\n", body=SOUND),
        "length-negative": _request("length-negative", extra="Content-Length: -999\r\n"),
        "length-enormous": _request("length-enormous", extra="Content-Length: 99999999999999999999\r\n"),
        "sequence-overflow": _changed("sequence-overflow", "CSeq: 1 ", "CSeq: 36893488147419103232 "),
        "forwards-overflow": _changed("forwards-overflow", "Max-Forwards: 70", "Max-Forwards: 300000000000"),
        "forwards-exhausted": _changed("forwards-exhausted", "Max-Forwards: 70", "Max-Forwards: 0"),
        "unterminated-quote": _changed("unterminated-quote", "From: <", 'From: "Mr. J. User <'),
        "uri-in-angles": _changed("uri-in-angles", "sip:1000@invalid SIP", "<sip:1000@invalid> SIP"),
        "uri-with-spaces": _changed("uri-with-spaces", "sip:1000@invalid SIP", "sip:1000@invalid; lr SIP"),
        "uri-unknown-scheme": _changed("uri-unknown-scheme", "sip:1000@invalid SIP", "nobodyKnowsThisScheme:x SIP"),
        "unknown-version": _changed("unknown-version", "SIP/2.0\r\n", "SIP/7.0\r\n"),
        "method-mismatch": _changed("method-mismatch", "1 OPTIONS", "1 INVITE"),
        "multiple-spaces": _changed("multiple-spaces", "OPTIONS sip:1000@invalid", "OPTIONS  sip:1000@invalid "),
        "no-via": _changed("no-via", "Via: VIA;branch=BRANCH;rport\r\n", ""),
        "no-call-id": _changed("no-call-id", "Call-ID: no-call-id-BRANCH\r\n", ""),
        "no-from": _changed("no-from", "From: <sip:torture@invalid>;tag=1\r\n", ""),
        "no-header-at-all": b"OPTIONS sip:1000@invalid SIP/2.0\r\n\r\n",
        "two-of-each": _request("two-of-each", extra=TWICE),
        "contact-star": _changed("contact-star", "Contact: <sip:torture@SOURCE>", "Contact: *", "REGISTER"),
        "expires-overflow": _request("expires-overflow", "REGISTER", extra="Expires: 99999999999999999999\r\n"),
        "digest-garbage": _request("digest-garbage", "REGISTER", extra='Authorization: Digest username="\r\n'),
        "digest-unknown": _request("digest-unknown", "REGISTER", extra="Authorization: NoOneKnowsThisScheme x\r\n"),
        # An answer that nobody asked for, an end that nothing began.
        "stray-answer": _answer("200 OK"),
        "answer-overflow": _answer("4294967301 Better not"),
        "stray-bye": _request("stray-bye", "BYE"),
        "stray-cancel": _request("stray-cancel", "CANCEL"),
        # Offers.
        "offer-garbage": _request("offer-garbage", "INVITE", extra=TYPE, body="v=\r\n=\r\n"),
        "offer-many-media": _request("offer-many-media", "INVITE", extra=TYPE, body=SOUND + MEDIA * 64),
        "offer-port-overflow": _request(
            "offer-port-overflow",
            "INVITE",
            extra=TYPE,
            body=SOUND.replace("10090", "99999999"),
        ),
        "multipart-endless": _request(
            "multipart-endless", "INVITE", extra="Content-Type: multipart/mixed;boundary=x\r\n", body="--x\r\n" * 50
        ),
        # Not SIP at all.
        "http": b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
        "binary": bytes(range(256)) * 4,
        "empty-lines": b"\r\n" * 200,
        "not-utf8": _changed("not-utf8", "torture@", "t\xffrt\xfere@"),
        "format-strings": _changed("format-strings", "torture@", "%s%n%x%p@"),
    }
