"""Whether a firewall made anew filters as its copy."""

from __future__ import annotations

from recette.trials.backup.machines import differences

RULES = """table inet pare_feu {
\tset postes {
\t\ttype ipv4_addr
\t\telements = { %s }
\t}

\tset inondation {
\t\ttypeof ip saddr
\t\tsize 65535
\t\tflags dynamic,timeout
\t\ttimeout 10s
\t\telements = { %s limit rate over 2000/second burst 5000 packets,
\t\t\t     10.94.31.11 limit rate over 2000/second burst 5000 packets }
\t}

\tchain transit {
\t\ttcp dport %s accept
\t}
}
"""


def test_who_passed_lately_is_no_rule() -> None:
    assert differences(RULES % ("10.94.30.1", "10.94.30.12", 22), RULES % ("10.94.30.1", "10.94.30.22", 22)) == ()


def test_a_rule_or_a_member_that_differs_is_told_on_both_sides() -> None:
    found = differences(RULES % ("10.94.30.1", "10.94.30.12", 22), RULES % ("10.94.30.9", "10.94.30.12", 23))
    assert found == (
        "\t\telements = { 10.94.30.1 }",
        "\t\telements = { 10.94.30.9 }",
        "\t\ttcp dport 22 accept",
        "\t\ttcp dport 23 accept",
    )
