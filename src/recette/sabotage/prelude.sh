# Given to every sabotage. A rule is named by its comment, for its handle changes each time the rules are loaded, and
# a chain by its hook. What finds nothing to break fails: a sabotage that changes nothing would seem to survive.
set -eu
TABLE="inet pare_feu"

# Each rule of the table, as "CHAIN HANDLE RULE".
all_rules() {
    listing=$(nft -a list table $TABLE)
    printf '%s\n' "$listing" | awk '
        /^\tchain / { chain = $2 }
        /^\t\t.* # handle [0-9]+$/ {
            handle = $NF
            sub(/^\t+/, "")
            sub(/ # handle [0-9]+$/, "")
            print chain, handle, $0
        }'
}

# matching PATTERN: those whose text matches the extended regular expression.
matching() {
    all_rules | grep -E -- "$1" || {
        echo "no rule like $1 in table $TABLE" >&2
        return 1
    }
}

# delete_like PATTERN
delete_like() {
    found=$(matching "$1")
    printf '%s\n' "$found" | awk -v table="$TABLE" '{ print "delete rule", table, $1, "handle", $2 }' | nft -f -
}

# delete_rules COMMENT
delete_rules() {
    delete_like "comment \"$1\"\$"
}

# edit_rules COMMENT SED_EXPRESSION
edit_rules() {
    before=$(matching "comment \"$1\"\$")
    after=$(printf '%s\n' "$before" | sed "$2")
    changed "$before" "$after" "rule \"$1\""
    printf '%s\n' "$after" | sed "s/^\([^ ]*\) \([^ ]*\) /replace rule $TABLE \1 handle \2 /" | nft -f -
}

# insert_rule HOOK RULE: at the top of the table's filter chain on that hook (input, forward, output).
insert_rule() {
    listing=$(nft list table $TABLE)
    chain=$(printf '%s\n' "$listing" | awk -v hook="hook $1 " '/^\tchain / { name = $2 } index($0, hook) { print name }')
    nft insert rule $TABLE "$chain" "$2"
}

# configure_vrrp SED_EXPRESSION: change keepalived's configuration and have it read.
configure_vrrp() {
    configuration=/etc/keepalived/keepalived.conf
    before=$(cat "$configuration")
    sed -i "$1" "$configuration"
    changed "$before" "$(cat "$configuration")" "$configuration"
    systemctl reload keepalived.service
}

# set_kernel PARAMETER VALUE: on all interfaces and on each.
set_kernel() {
    for file in /proc/sys/net/ipv4/conf/*/"$1"; do
        case $file in */default/* | */lo/*) ;; *) echo "$2" >"$file" ;; esac
    done
}

# is_standby: whether this firewall carries no virtual address (keepalived adds them as /32).
is_standby() {
    ! ip -oneline -4 address show | grep -q '/32 scope global'
}

changed() {
    [ "$1" != "$2" ] || {
        echo "$3 is left unchanged" >&2
        return 1
    }
}

# configure_samba SED_EXPRESSION: change the configuration of this server of the directory, and have it serve again.
configure_samba() {
    configuration=/etc/samba/smb.conf
    before=$(cat "$configuration")
    sed -i "$1" "$configuration"
    changed "$before" "$(cat "$configuration")" "$configuration"
    systemctl restart samba-ad-dc.service
    timeout 30 sh -c 'until ldapsearch -x -H ldap://127.0.0.1 -s base -b "" >/dev/null 2>&1; do sleep 0.2; done'
}

# configure_sssd SED_EXPRESSION: change how this workstation asks the directory, and forget what it knew.
configure_sssd() {
    configuration=/etc/sssd/sssd.conf
    before=$(cat "$configuration")
    sed -i "$1" "$configuration"
    changed "$before" "$(cat "$configuration")" "$configuration"
    systemctl stop sssd.service
    rm -f /var/lib/sss/db/*.ldb
    systemctl start sssd.service
}

# directory_search FILTER ATTRIBUTE: values of an attribute in the database of this server, one a line.
directory_search() {
    ldbsearch -H /var/lib/samba/private/sam.ldb "$1" "$2" 2>/dev/null | sed -n "s/^$2: //p" | grep . || {
        echo "nothing like $1 in the directory" >&2
        return 1
    }
}

# directory_write FILTER ATTRIBUTE VALUE: give an attribute of the first object found another value.
directory_write() {
    dn=$(directory_search "$1" dn | head -n 1)
    printf 'dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n' "$dn" "$2" "$2" "$3" |
        ldbmodify -H /var/lib/samba/private/sam.ldb
}

# edit FILE SED_EXPRESSION: change a file in place.
edit() {
    before=$(cat "$1")
    sed -i "$2" "$1"
    changed "$before" "$(cat "$1")" "$1"
}

# set_postfix NAME=VALUE...: change parameters of the mail server, and have it read them.
set_postfix() {
    before=$(cat /etc/postfix/main.cf)
    postconf -e "$@"
    changed "$before" "$(cat /etc/postfix/main.cf)" /etc/postfix/main.cf
    postfix reload
}

# set_service SERVICE/TYPE/NAME=VALUE...: change parameters of one of the mail server's services, and have it read them.
set_service() {
    before=$(cat /etc/postfix/master.cf)
    postconf -P "$@"
    changed "$before" "$(cat /etc/postfix/master.cf)" /etc/postfix/master.cf
    postfix reload
}

# restart_filter: have the mail filter read its configuration, and wait until it answers.
restart_filter() {
    systemctl restart rspamd.service
    timeout 120 sh -c 'until ss -Hltn "sport = :11332" | grep -q .; do sleep 0.2; done'
}

# forest_write RDN ATTRIBUTE VALUE: give an attribute of an object of the configuration another value.
forest_write() {
    dn="$1,CN=Configuration,$(directory_search "(objectClass=domainDNS)" dn)"
    printf 'dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n' "$dn" "$2" "$2" "$3" |
        ldbmodify -H /var/lib/samba/private/sam.ldb
}

# close_associations: have everybody who speaks IKE with this host prove again who he is.
close_associations() {
    names=$(swanctl --list-sas --raw --noblock | sed -n 's/^list-sa event {\([^ ]*\) {.*/\1/p' | sort -u)
    for name in $names; do
        swanctl --terminate --ike "$name" --force --timeout 1 >/dev/null 2>&1 || true
    done
}

# configure_ipsec FILE SED_EXPRESSION: change connections, have them read, and let nothing stand on the former ones.
configure_ipsec() {
    edit "/etc/swanctl/conf.d/$1" "$2"
    # Before too: a pool whose addresses are lent keeps them.
    close_associations
    systemctl reload strongswan.service
    close_associations
}

# forget_revocations: have this host hold no revocation list.
forget_revocations() {
    rm /etc/swanctl/x509crl/site.pem
    swanctl --flush-certs
    swanctl --load-creds --clear --noprompt
}

# configure_radius SED_EXPRESSION: change how this server judges roaming users, and wait until it does.
configure_radius() {
    edit /etc/freeradius/nomades/settings/radiusd.conf "$1"
    systemctl restart freeradius.service
    timeout 30 sh -c 'until ss -Hlun "sport = :1812" | grep -q .; do sleep 0.2; done'
}

# configure_asterisk FILE SED_EXPRESSION: change what an exchange does (FILE of /etc/asterisk/site) and have it start so.
configure_asterisk() {
    edit "/etc/asterisk/site/$1" "$2"
    systemctl restart asterisk.service
    timeout 30 asterisk -rx 'core waitfullybooted' >/dev/null
}

# supervision_write SQL: change what the supervision holds, on the server whose database writes.
supervision_write() {
    role=$(/usr/local/lib/supervision/supervision-base /etc/supervision/base.json --role)
    case $role in
        writer) ;;
        follower) return 0 ;;
        *) echo "nobody writes in the supervision: $role" >&2; return 1 ;;
    esac
    told=$(runuser -u postgres -- psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname zabbix --command "$1")
    case $told in
        *" 0" | "") echo "nothing to change in the supervision: $told" >&2; return 1 ;;
    esac
}

# configure_supervised SED_EXPRESSION: change what this host tells the supervision of itself.
configure_supervised() {
    edit /etc/zabbix/supervise/etat.json "$1"
    systemctl restart supervise-etat.service
}

# configure_siem FILE SED_EXPRESSION UNIT: change what the collector does (FILE of /etc/siem) and have a unit of it read it.
configure_siem() {
    edit "/etc/siem/$1" "$2"
    systemctl restart "$3"
    # Its clock is of one second: what was read before must not be judged by what was changed.
    timeout 30 sh -c "until systemctl is-active --quiet $3; do sleep 0.2; done; sleep 1"
}

# configure_logs FILE SED_EXPRESSION UNIT: the same for what this host forwards and watches (FILE of /etc/journaux).
configure_logs() {
    edit "/etc/journaux/$1" "$2"
    systemctl restart "$3"
}
