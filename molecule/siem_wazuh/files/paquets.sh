#!/bin/bash
# Makes stand-ins of Wazuh's packages, and a repository of each of two versions: paquets.sh
#
# Names, users, folders and units are those of the real packages; of their programs there is only what role siem_wazuh
# calls: `wazuh-analysisd -t`, which here says whether the files are XML.
set -euo pipefail
umask 022

unit() { # folder of the package, name
    mkdir -p "$1/usr/lib/systemd/system"
    printf '%s\n' '[Unit]' "Description=Stand-in of $2" '[Service]' 'ExecStart=/bin/sleep infinity' '[Install]' \
        'WantedBy=multi-user.target' >"$1/usr/lib/systemd/system/$2.service"
}

package() { # repository, name, version, user, folders
    local folder
    folder=$(mktemp --directory)
    chmod 755 "$folder"
    mkdir -p "$folder/DEBIAN"
    printf '%s\n' "Package: $2" "Version: $3" 'Architecture: all' 'Maintainer: molecule <molecule@localhost>' \
        'Description: stand-in' >"$folder/DEBIAN/control"
    printf '%s\n' '#!/bin/sh' 'set -e' "id --user $4 >/dev/null 2>&1 || useradd --system --user-group $4" \
        'systemctl daemon-reload' >"$folder/DEBIAN/postinst"
    chmod 755 "$folder/DEBIAN/postinst"
    local each
    for each in $5; do mkdir -p "$folder/$each"; done
    case $2 in
    msmtp)
        printf '#!/bin/sh\nexec cat >/dev/null\n' >"$folder/usr/bin/msmtp"
        chmod 755 "$folder/usr/bin/msmtp"
        ;;
    *) unit "$folder" "$2" ;;
    esac
    if [ "$2" = wazuh-manager ]; then
        cp /tmp/wazuh-analysisd "$folder/var/ossec/bin/"
        chmod 755 "$folder/var/ossec/bin/wazuh-analysisd"
    fi
    dpkg-deb --root-owner-group --build "$folder" "$1/$2_$3.deb" >/dev/null
    rm -r "$folder"
}

cat >/tmp/wazuh-analysisd <<'PROGRAM'
#!/usr/bin/python3
import pathlib, sys, xml.etree.ElementTree as tree
assert sys.argv[1:] == ["-t"]
etc = pathlib.Path("/var/ossec/etc")
for path in (etc / "ossec.conf", *etc.glob("decoders/*.xml"), *etc.glob("rules/*.xml")):
    tree.fromstring(f"<all>{path.read_text()}</all>")
PROGRAM

ossec='var/ossec/etc/decoders var/ossec/etc/rules var/ossec/etc/shared var/ossec/bin var/ossec/api/configuration/ssl'
for version in 4.14.7 5.0.0; do
    repository=/srv/wazuh${version%%.*}
    rm -rf "$repository"
    mkdir -p "$repository"
    package "$repository" wazuh-agent "$version-1" wazuh "var/ossec/etc/shared var/ossec/bin"
    package "$repository" wazuh-manager "$version-1" wazuh "$ossec"
    package "$repository" wazuh-indexer "$version-1" wazuh-indexer etc/wazuh-indexer
    package "$repository" wazuh-dashboard "$version-1" wazuh-dashboard \
        "etc/wazuh-dashboard usr/share/wazuh-dashboard/data"
    package "$repository" filebeat 7.10.2-2 root "etc/filebeat usr/share/filebeat/module"
    package "$repository" msmtp 1.8.28-1 root usr/bin
    for deb in "$repository"/*.deb; do
        dpkg-deb --field "$deb"
        printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" "$(stat --format %s "$deb")" \
            "$(sha256sum "$deb" | cut -d' ' -f1)"
    done >"$repository/Packages"
    printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(LC_ALL=C date --utc --rfc-email)" \
        "$(sha256sum "$repository/Packages" | cut -d' ' -f1)" "$(stat --format %s "$repository/Packages")" \
        >"$repository/Release"
done
ln --symbolic --force --no-dereference /srv/wazuh4 /srv/wazuh
rm /tmp/wazuh-analysisd
