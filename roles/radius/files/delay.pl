# How long an answer must still wait, in microseconds: `%{delay:<wanted µs> %l %M}`, counted from when its request came.
# The server's own %c and %C read two clocks, of which one lags by a few milliseconds: at the turn of a second their
# difference was negative, and one refusal in five hundred left at once.
use strict;
use warnings;
use Time::HiRes qw(gettimeofday);

sub remaining {
    my ($wanted, $came_s, $came_us) = @_;
    my ($now_s, $now_us) = gettimeofday();
    my $left = $wanted - (($now_s - $came_s) * 1_000_000 + $now_us - $came_us);
    return $left < 0 ? 0 : $left > $wanted ? $wanted : $left;
}

1;
