# One Postfix with nothing around it, fed by smtp-source: what the machine itself can do. Needs COUNT, SESSIONS and LENGTH
# in the environment; prints the nanoseconds until all were accepted, then until all were in their mailbox.
set -eu
root=/run/bench-postfix
rm -rf $root
mkdir -p $root/etc $root/queue $root/data $root/mail
chown postfix $root/data
chown mail $root/mail
sed 's/^smtp *inet /127.0.0.1:2525 inet /' /usr/share/postfix/master.cf.dist >$root/etc/master.cf
cat >$root/etc/main.cf <<SETTINGS
compatibility_level = 3.10
myhostname = nu.invalid
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
queue_directory = $root/queue
data_directory = $root/data
maillog_file =
virtual_mailbox_domains = nu.invalid
virtual_mailbox_maps = static:boite/
virtual_mailbox_base = $root/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
SETTINGS
trap 'postfix -c $root/etc stop >/dev/null 2>&1; rm -rf $root' EXIT
postfix -c $root/etc start >/dev/null 2>&1
begin=$(date +%s%N)
smtp-source -s "$SESSIONS" -m "$COUNT" -l "$LENGTH" -f a@nu.invalid -t b@nu.invalid 127.0.0.1:2525
accepted=$(date +%s%N)
while [ "$(find $root/mail/boite/new -type f 2>/dev/null | wc -l)" -lt "$COUNT" ]; do
    sleep 0.05
done
echo $((accepted - begin)) $(($(date +%s%N) - begin))
