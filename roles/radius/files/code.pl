# Whether a code is right (RFC 6238: SHA-1, six digits, steps of thirty seconds). The server gives the secret, in
# base32, and what was typed.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1);

use constant { REJECT => 0, OK => 2 };
use constant { STEP_S => 30, TOLERATED => 1 };

our (%RAD_REQUEST, %RAD_CHECK);

sub decoded {
    my ($text) = @_;
    $text =~ tr/A-Z2-7//cd;
    my $bits = join '', map { sprintf '%05b', index 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $text;
    return pack 'B' . (length($bits) & ~7), $bits;
}

sub code {
    my ($key, $step) = @_;
    my $digest = hmac_sha1(pack('Q>', $step), $key);
    my $chosen = substr $digest, ord(substr $digest, -1) & 0x0f, 4;
    return sprintf '%06d', (unpack('N', $chosen) & 0x7fffffff) % 1_000_000;
}

sub judge {
    my ($secret, $typed) = ($RAD_CHECK{'TOTP-Secret'}, $RAD_REQUEST{'TOTP-Password'});
    return REJECT unless defined $secret && defined $typed;
    my ($key, $now) = (decoded($secret), int(time / STEP_S));
    # Every step is tried, right or not: how long it takes tells nothing.
    my $right = grep { code($key, $now + $_) eq $typed } -TOLERATED .. TOLERATED;
    return $right ? OK : REJECT;
}

1;
