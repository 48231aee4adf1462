#!/usr/bin/env bash
# Stock DHCP clients and resolvers in a network namespace find their address, their router and what it serves.
# Usage: guests.sh SIMULATOR SUITE WORK, as root. The router's namespace has the address of the demo world's first network
# on eth0, the guest's namespace is the other end of that cable. A third one has nothing but its loopback addresses, as
# a developer's machine without rights. All end with this script.
set -euo pipefail
simulator=$1
suite=$2
work=$3
PYTHONPATH=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
router=cs-router-$$
guest=cs-guest-$$
alone=cs-alone-$$
simulators=()
finish() {
    for pid in "${simulators[@]}"; do kill "$pid"; done
    ip netns delete "$router"
    ip netns delete "$guest"
    ip netns delete "$alone"
}

ip netns add "$router"
ip netns add "$guest"
ip netns add "$alone"
trap finish EXIT
ip link add eth0 netns "$router" type veth peer name eth0 netns "$guest"
for namespace in "$router" "$guest" "$alone"; do ip -n "$namespace" link set lo up; done
ip -n "$router" address add 10.1.1.1/24 dev eth0
ip -n "$router" link set eth0 up

# start NAMESPACE NAME API FLAGS...: the ready line, which says that all listens, goes to $work/NAME.json.
start() {
    local namespace=$1 name=$2 api=$3 ready
    shift 3
    mkfifo "$work/$name.ready"
    ip netns exec "$namespace" "$simulator" --api "$api" --integration 127.0.0.1:0 --leases "$work/leases-of-$name" \
        --print json "$@" >"$work/$name.ready" &
    simulators+=("$!")
    read -r ready <"$work/$name.ready"
    printf '%s' "$ready" >"$work/$name.json"
}
# Guests with keys reach the API too, beside the router's own ports.
start "$router" router 10.1.1.1:8088 --router 10.1.1.1:80 --dhcp eth0

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

# What a guest's resolver knows: its router. Whatever is mounted is so for one process.
printf 'nameserver 10.1.1.1\n' >"$work/resolv.conf"
resolving() { ip netns exec "$guest" sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$work/resolv.conf" "$@"; }

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
        found=$(resolving getent ahostsv4 data-server | awk 'NR == 1 { print $1 }')
        [ "$found" = 10.1.1.1 ]
    done <"$work/machines"
done

printf '# names, as stock resolvers ask for them\n'
domain=$(ask 'listNetworks&listall=true' | python3 -c '
import json, sys
networks = json.load(sys.stdin)["listnetworksresponse"]["network"]
print(next(network["networkdomain"] for network in networks if network.get("gateway") == "10.1.1.1"))')
# asked NAME TYPE FLAGS...: the code, the flags and the records, a line each.
asked() {
    resolving dig +noall +comments +answer "${@:3}" "$1" "$2" |
        awk '/status:/ { sub(",", "", $6); print $6 } / flags: / { print } !/^;/ && NF { print $1, $2, $4, $5 }'
}
for flags in +notcp +tcp; do
    for name in data-server DATA-SERVER "data-server.$domain"; do
        told=$(asked "$name" A "$flags")
        printf '%s\n' "$told"
        [[ $told == NOERROR*' aa '*"$name. 0 A 10.1.1.1" ]]
    done
    while read -r name address _; do
        [[ $(asked "$name" A "$flags") == NOERROR*"$name. 0 A $address" ]]
        [[ $(asked "$name.$domain" A "$flags") == NOERROR*" 0 A $address" ]]
        [ "$(resolving dig +short "$flags" -x "$address")" = "$name.$domain." ]
        [[ $(resolving host "$name.$domain") == *"has address $address" ]]
    done <"$work/machines"
    [[ $(asked data-server AAAA "$flags") == NOERROR*'ANSWER: 0,'* ]]
    [[ $(asked no-such-host A "$flags") == NXDOMAIN* ]]
    [[ $(asked "no-such-host.$domain" A "$flags") == NXDOMAIN* ]]
    [[ $(asked debian.org A "$flags") == REFUSED* ]]
done

# A machine of our own with everything that cloud-init reads: user data that is no text, a key, a password.
cat >"$work/deploy.py" <<'PY'
import json, sys
from integration import USER_DATA, Cloud
cloud = Cloud(sys.argv[1])
machine = cloud.deploy_with_everything("for-cloud-init")
cloud.job("stopVirtualMachine", id=machine["id"])
password = cloud.job("resetPasswordForVirtualMachine", id=machine["id"])["virtualmachine"]["password"]
machine = cloud.job("startVirtualMachine", id=machine["id"])["virtualmachine"]
nic = machine["nic"][0]
print(json.dumps({"mac": nic["macaddress"], "address": nic["ipaddress"], "instance-id": machine["id"],
                  "local-hostname": machine["name"], "service-offering": machine["serviceofferingname"],
                  "availability-zone": machine["zonename"],
                  "password": password, "user-data": USER_DATA.hex()}))
PY
ip netns exec "$router" python3 "$work/deploy.py" "$work/router.json" >"$work/machine.json"
printf '# cloud-init, behind the lease of dhclient: %s\n' "$(cat "$work/machine.json")"
of_machine() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/$1.json" "$2"; }
mac=$(of_machine machine mac)
ip -n "$guest" link set eth0 down
ip -n "$guest" address flush dev eth0
ip -n "$guest" link set eth0 address "$mac" up
with_dhclient
mkdir -p "$work/dhcp" "$work/cloud"
cp "$work/dhclient.leases" "$work/dhcp/dhclient.eth0.leases"
cat >"$work/data-source.py" <<'PY'
import json, sys
from cloudinit import distros, helpers
from cloudinit.sources import DataSourceCloudStack
machine, work, by_name, router = sys.argv[1:]
wanted = json.load(open(machine))
assert (DataSourceCloudStack.get_data_server() or "nobody") == by_name, DataSourceCloudStack.get_data_server()
paths = helpers.Paths({"cloud_dir": work, "run_dir": work})
def source():
    return DataSourceCloudStack.DataSourceCloudStack({}, distros.fetch("debian")("debian", {}, paths), paths)
first = source()
assert first.vr_addr == router, first.vr_addr
assert first._get_data(), "no data"
for name in ["instance-id", "local-hostname", "service-offering", "availability-zone"]:
    assert first.metadata[name] == wanted[name], (name, first.metadata)
assert first.metadata["local-ipv4"] == wanted["address"], first.metadata
assert bytes.fromhex(wanted["user-data"]) == first.userdata_raw, first.userdata_raw
assert first.cfg["password"] == wanted["password"], first.cfg
(key,) = first.get_public_ssh_keys()
assert key.startswith("ssh-rsa "), key
again = source()
assert again._get_data() and "password" not in again.cfg, "a password is taken once"
print("cloud-init read", ", ".join(sorted(first.metadata)), "and", len(first.userdata_raw), "bytes of user data")
PY
# Nobody there resolves names.
printf 'nameserver 127.0.0.1\n' >"$work/nobody.conf"
ip netns exec "$guest" sh -c '
    mount --bind "$0/dhcp" /var/lib/dhcp && mount --bind "$0/nobody.conf" /etc/resolv.conf && exec "$@"' \
    "$work" /usr/bin/python3 "$work/data-source.py" "$work/machine.json" "$work/cloud" nobody 10.1.1.1

printf '# the suite inside of the guest: one program, and one lease file where its client keeps it\n'
lease=var/lib/dhcp/dhclient.leases
mkdir -p "$work/inside/${lease%/*}"
cp "$suite" "$work/inside/suite"
cp "$work/dhclient.leases" "$work/inside/$lease"
if ldd "$suite" >/dev/null 2>&1 && [[ $(ldd "$suite") != *'statically linked'* ]]; then
    printf '# it needs libraries of this machine, so the folder is not all that it sees\n'
    inside() { (cd "$work/inside" && ip netns exec "$guest" ./suite run --profile guest --lease "$lease" "$@"); }
else
    inside() { ip netns exec "$guest" chroot "$work/inside" /suite run --profile guest --lease search "$@"; }
fi
inside
printf '# the same with keys at hand: what the API says of the machine is what the router says\n'
key_of() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["credentials"][0][sys.argv[2]])' "$work/router.json" "$1"; }
CLOUDSTACK_KEY=$(key_of apikey) CLOUDSTACK_SECRET=$(key_of secretkey) \
    inside --endpoint http://10.1.1.1:8088/client/api --report terminal --report json=inside.json
python3 - "$work/inside/inside.json" <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
judged = {check["id"]: check["verdict"] for check in report["outcomes"]}
for check in ["metadata/values-are-the-machines", "lease/router-answers", "passwords/unknown-wishes"]:
    assert judged[check] == "passed", (check, judged[check])
PY

printf '# cloud-init again, with another password, by the name of the router: no lease is there\n'
ip netns exec "$router" python3 - "$work/router.json" "$work/machine.json" <<'PY'
import json, sys
from integration import Cloud
cloud, machine = Cloud(sys.argv[1]), json.load(open(sys.argv[2]))
def job(command):
    return cloud.job(command, id=machine["instance-id"])
job("stopVirtualMachine")
machine["password"] = job("resetPasswordForVirtualMachine")["virtualmachine"]["password"]
job("startVirtualMachine")
json.dump(machine, open(sys.argv[2], "w"))
PY
mkdir "$work/no-leases"
resolving sh -c 'mount --bind "$0/no-leases" /var/lib/dhcp && exec "$@"' \
    "$work" /usr/bin/python3 "$work/data-source.py" "$work/machine.json" "$work/cloud" 10.1.1.1 10.1.1.1

printf '# cloud-init on loopback addresses: the router is a line in /etc/hosts, the guest an address to speak from\n'
start "$alone" alone 127.0.0.1:0 --router 127.1.1.1:80
ip netns exec "$alone" python3 "$work/deploy.py" "$work/alone.json" >"$work/alone-machine.json"
address=$(of_machine alone-machine address)
ip -n "$alone" route add local 127.1.1.1/32 dev lo src "127.${address#10.}" table local
printf '127.0.0.1 localhost\n127.1.1.1 data-server\n' >"$work/hosts"
mkdir "$work/alone-cloud"
ip netns exec "$alone" sh -c 'mount --bind "$0/no-leases" /var/lib/dhcp && mount --bind "$0/hosts" /etc/hosts && exec "$@"' \
    "$work" /usr/bin/python3 "$work/data-source.py" "$work/alone-machine.json" "$work/alone-cloud" 127.1.1.1 127.1.1.1

printf '# an unknown card is not answered\n'
ip -n "$guest" address flush dev eth0
ip -n "$guest" link set eth0 down
ip -n "$guest" link set eth0 address 02:ff:ff:ff:ff:ff up
if ip netns exec "$guest" udhcpc --foreground --quit --now --retries 2 --timeout 1 --interface eth0 --script "$work/configure"; then
    printf 'an unknown card got an address\n'
    exit 1
fi
