#!/usr/bin/env bash
# Stock DHCP clients in a network namespace find their address, their router and what it serves.
# Usage: guests.sh SIMULATOR WORK, as root. The router's namespace has the address of the demo world's first network
# on eth0, the guest's namespace is the other end of that cable. Both end with this script.
set -euo pipefail
simulator=$1
work=$2
router=cs-router-$$
guest=cs-guest-$$
simulator_pid=
finish() {
    if [ -n "$simulator_pid" ]; then kill "$simulator_pid"; fi
    ip netns delete "$router"
    ip netns delete "$guest"
}

ip netns add "$router"
ip netns add "$guest"
trap finish EXIT
ip link add eth0 netns "$router" type veth peer name eth0 netns "$guest"
for namespace in "$router" "$guest"; do ip -n "$namespace" link set lo up; done
ip -n "$router" address add 10.1.1.1/24 dev eth0
ip -n "$router" link set eth0 up

mkfifo "$work/router.ready"
ip netns exec "$router" "$simulator" --api 127.0.0.1:0 --integration 127.0.0.1:0 --router 10.1.1.1:80 --dhcp eth0 \
    --leases "$work/leases" --print json >"$work/router.ready" &
simulator_pid=$!
read -r ready <"$work/router.ready"
printf '%s' "$ready" >"$work/router.json"

# ask COMMAND: the integration port needs no signature.
ask() {
    local url
    url=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["integration"])' "$work/router.json")
    ip netns exec "$router" curl --silent --show-error --fail "$url?response=json&command=$1"
}
# The name, address and hardware address of the machines behind 10.1.1.1.
ask 'listVirtualMachines&listall=true' | python3 -c '
import json, sys
for machine in json.load(sys.stdin)["listvirtualmachinesresponse"]["virtualmachine"]:
    for nic in machine["nic"]:
        if nic["gateway"] == "10.1.1.1" and nic["isdefault"]:
            print(machine["name"], nic["ipaddress"], nic["macaddress"])
' >"$work/machines"
[ -s "$work/machines" ]

# What a client does with its lease, for those that leave it to a script.
cat >"$work/configure" <<'SH'
#!/bin/sh
case ${reason:-$1} in
    BOUND | RENEW | REBIND | REBOOT | bound | renew)
        ip address replace "${new_ip_address:-$ip}/24" dev "$interface"
        ip route replace default via "${new_routers:-$router}"
        echo "${new_dhcp_server_identifier:-$serverid}" >"$WORK/server"
        ;;
esac
exit 0
SH
chmod +x "$work/configure"
export WORK=$work

# Each leaves the address on eth0 and the server that gave it in $work/server.
with_dhclient() {
    ip netns exec "$guest" env PATH="$PATH" dhclient -4 -1 -sf "$work/configure" -lf "$work/dhclient.leases" \
        -pf "$work/dhclient.pid" -e "WORK=$work" eth0
    kill "$(cat "$work/dhclient.pid")"
}
with_udhcpc() {
    ip netns exec "$guest" udhcpc --foreground --quit --now --interface eth0 --script "$work/configure"
}
with_dhcpcd() {
    ip netns exec "$guest" dhcpcd --oneshot --ipv4only --noarp --timeout 30 --env "WORK=$work" --script "$work/configure" eth0
}

for client in dhclient udhcpc dhcpcd; do
    while read -r name address mac; do
        printf '# %s as %s: %s for %s\n' "$client" "$name" "$address" "$mac"
        rm -f "$work/server"
        ip -n "$guest" link set eth0 down
        ip -n "$guest" address flush dev eth0
        ip -n "$guest" link set eth0 address "$mac" up
        "with_$client"
        ip -n "$guest" -4 -brief address show dev eth0 | grep -qF " $address/24"
        ip -n "$guest" route show default | grep -qF 'via 10.1.1.1'
        found=$(cat "$work/server")
        [ "$found" = 10.1.1.1 ]
        told=$(ip netns exec "$guest" curl --silent --show-error --fail "http://$found/latest/meta-data/local-hostname")
        [ "$told" = "$name" ]
    done <"$work/machines"
done
printf '# an unknown card is not answered\n'
ip -n "$guest" address flush dev eth0
ip -n "$guest" link set eth0 down
ip -n "$guest" link set eth0 address 02:ff:ff:ff:ff:ff up
if ip netns exec "$guest" udhcpc --foreground --quit --now --retries 2 --timeout 1 --interface eth0 --script "$work/configure"; then
    printf 'an unknown card got an address\n'
    exit 1
fi
