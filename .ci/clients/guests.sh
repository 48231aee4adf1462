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
        if [ -p "$WORK/bound" ]; then echo bound >"$WORK/bound"; fi
        ;;
esac
exit 0
SH
chmod +x "$work/configure"
export WORK=$work

# Each leaves the address on eth0 and the server that gave it in $work/server.
with_dhclient() {
    local client
    mkfifo "$work/bound"
    # It stays for renewals; its script says when it has a lease.
    ip netns exec "$guest" dhclient -4 -1 -d -q -sf "$work/configure" -lf "$work/dhclient.leases" \
        -pf "$work/dhclient.pid" -e "WORK=$work" eth0 &
    client=$!
    read -r -t 60 <>"$work/bound"
    rm "$work/bound"
    kill "$client"
    wait "$client" || [ $? = 143 ]
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
        [[ $(ip -n "$guest" -4 -brief address show dev eth0) == *" $address/24"* ]]
        [[ $(ip -n "$guest" route show default) == *'via 10.1.1.1'* ]]
        found=$(cat "$work/server")
        [ "$found" = 10.1.1.1 ]
        told=$(ip netns exec "$guest" curl --silent --show-error --fail "http://$found/latest/meta-data/local-hostname")
        [ "$told" = "$name" ]
    done <"$work/machines"
done

# A machine of our own with everything that cloud-init reads: user data that is no text, a key, a password.
ip netns exec "$router" python3 - "$work/router.json" >"$work/machine.json" <<'PY'
import base64, json, sys, urllib.parse, urllib.request
url = json.load(open(sys.argv[1]))["integration"]
def call(command, **parameters):
    query = urllib.parse.urlencode({"command": command, "response": "json", **parameters})
    return next(iter(json.load(urllib.request.urlopen(f"{url}?{query}")).values()))
def job(command, **parameters):
    reply = call("queryAsyncJobResult", jobid=call(command, **parameters)["jobid"])
    assert reply["jobstatus"] == 1, reply
    return reply["jobresult"]
network = next(n for n in call("listNetworks", listall="true")["network"] if n.get("gateway") == "10.1.1.1")
template = next(t for t in call("listTemplates", templatefilter="all")["template"] if t["passwordenabled"])
offering = call("listServiceOfferings")["serviceoffering"][0]
owner = {"account": network["account"], "domainid": network["domainid"]}
call("createSSHKeyPair", name="for-cloud-init", **owner)
user_data = bytes(range(256)) + b"\n#cloud-config\n"
machine = job("deployVirtualMachine", zoneid=network["zoneid"], templateid=template["id"], serviceofferingid=offering["id"],
              networkids=network["id"], name="for-cloud-init", keypair="for-cloud-init",
              userdata=base64.b64encode(user_data).decode(), **owner)["virtualmachine"]
job("stopVirtualMachine", id=machine["id"])
password = job("resetPasswordForVirtualMachine", id=machine["id"])["virtualmachine"]["password"]
machine = job("startVirtualMachine", id=machine["id"])["virtualmachine"]
nic = machine["nic"][0]
print(json.dumps({"mac": nic["macaddress"], "address": nic["ipaddress"], "instance-id": machine["id"],
                  "local-hostname": machine["name"], "service-offering": machine["serviceofferingname"],
                  "availability-zone": machine["zonename"],
                  "password": password, "user-data": user_data.hex()}))
PY
printf '# cloud-init, behind the lease of dhclient: %s\n' "$(cat "$work/machine.json")"
mac=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["mac"])' "$work/machine.json")
ip -n "$guest" link set eth0 down
ip -n "$guest" address flush dev eth0
ip -n "$guest" link set eth0 address "$mac" up
with_dhclient
mkdir -p "$work/dhcp" "$work/cloud"
cp "$work/dhclient.leases" "$work/dhcp/dhclient.eth0.leases"
# Nobody there resolves names; what is mounted is so for this one process.
printf 'nameserver 127.0.0.1\n' >"$work/resolv.conf"
ip netns exec "$guest" sh -c '
    mount --bind "$1/dhcp" /var/lib/dhcp && mount --bind "$1/resolv.conf" /etc/resolv.conf && exec /usr/bin/python3 - "$1"' sh "$work" <<'PY'
import json, sys
from cloudinit import distros, helpers
from cloudinit.sources.DataSourceCloudStack import DataSourceCloudStack
work = sys.argv[1]
wanted = json.load(open(f"{work}/machine.json"))
paths = helpers.Paths({"cloud_dir": f"{work}/cloud", "run_dir": f"{work}/cloud"})
source = DataSourceCloudStack({}, distros.fetch("debian")("debian", {}, paths), paths)
assert source.vr_addr == "10.1.1.1", source.vr_addr
assert source._get_data(), "no data"
for name in ["instance-id", "local-hostname", "service-offering", "availability-zone"]:
    assert source.metadata[name] == wanted[name], (name, source.metadata)
assert source.metadata["local-ipv4"] == wanted["address"], source.metadata
assert bytes.fromhex(wanted["user-data"]) == source.userdata_raw, source.userdata_raw
assert source.cfg["password"] == wanted["password"], source.cfg
(key,) = source.get_public_ssh_keys()
assert key.startswith("ssh-rsa "), key
again = DataSourceCloudStack({}, distros.fetch("debian")("debian", {}, paths), paths)
assert again._get_data() and "password" not in again.cfg, "a password is taken once"
print("cloud-init read", ", ".join(sorted(source.metadata)), "and", len(source.userdata_raw), "bytes of user data")
PY

printf '# an unknown card is not answered\n'
ip -n "$guest" address flush dev eth0
ip -n "$guest" link set eth0 down
ip -n "$guest" link set eth0 address 02:ff:ff:ff:ff:ff up
if ip netns exec "$guest" udhcpc --foreground --quit --now --retries 2 --timeout 1 --interface eth0 --script "$work/configure"; then
    printf 'an unknown card got an address\n'
    exit 1
fi
