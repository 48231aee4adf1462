#!/usr/bin/env bash
# Readers of discs that are none of ours find on config drives what the API and the routers say, byte for byte.
# Usage: config_drive.sh SIMULATOR WORK. Read by bsdtar, xorriso and isoinfo, by Rock Ridge and by Joliet, mounted where
# that is allowed (WORK/mount.log says why not), and by cloud-init.
set -euo pipefail
simulator=$1
work=$2
PYTHONPATH=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
simulator_pid=
mounted=
finish() {
    if [ -n "$mounted" ]; then umount "$mounted"; fi
    if [ -n "$simulator_pid" ]; then kill "$simulator_pid"; fi
}
trap finish EXIT

mkfifo "$work/drives.ready"
"$simulator" --api 127.0.0.1:0 --integration 127.0.0.1:0 --router 127.1.1.1:0 --drives "$work/drives" \
    --leases "$work/drive-leases" --set metadata.allow.expose.domain=true --print json >"$work/drives.ready" &
simulator_pid=$!
read -r ready <"$work/drives.ready"
printf '%s' "$ready" >"$work/drives.json"

# A machine with everything that a drive can have, beside those that run already; then for each what the API, the
# router and the job of the deployment say, as a tree of files. Prints the ids.
python3 - "$work/drives.json" "$work/expected" >"$work/ids" <<'PY'
import base64, http.client, json, os, sys, urllib.parse
from integration import USER_DATA, Cloud
cloud, folder = Cloud(sys.argv[1]), sys.argv[2]
ready, call = cloud.ready, cloud.call
variables = {"userdatadetails[0].colour": "gr\u00fcn", "userdatadetails[0].a-variable-with-a-name-that-is-long": "x"}
made = cloud.deploy_with_everything("with-everything", **variables)
assert made["password"]
stored = call("getVirtualMachineUserData", virtualmachineid=made["id"])["virtualmachineuserdata"]["userdata"]
assert base64.b64decode(stored) == USER_DATA

escaped = lambda text: "".join(c if ord(c) < 128 else f"\\u{ord(c):04X}" for c in text)
for machine in call("listVirtualMachines", listall="true", state="Running")["virtualmachine"]:
    tree = {}
    (nic,) = machine["nic"]
    router = next(g["router"] for g in ready["guests"] if g["address"].rsplit(".", 1)[0] == nic["gateway"].rsplit(".", 1)[0])
    def served(path):
        url = urllib.parse.urlparse(router)
        source = "127." + nic["ipaddress"].split(".", 1)[1]
        connection = http.client.HTTPConnection(url.hostname, url.port, source_address=(source, 0))
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, (path, answer.status)
        return answer.read()
    for name in served("/latest/meta-data/").decode().split():
        value = served(f"/latest/meta-data/{name}").decode()
        # The public address is not the router's, and has no name.
        if value and name != "public-hostname":
            tree[f"cloudstack/metadata/{name}.txt"] = (nic["ipaddress"] if name == "public-ipv4" else escaped(value)).encode()
    of = lambda name: tree[f"cloudstack/metadata/{name}.txt"].decode()
    meta = {"availability_zone": of("availability-zone"), "hostname": machine["name"], "uuid": machine["id"],
            "cloud-domain": of("cloud-domain"), "cloud-domain-id": machine["domainid"]}
    vendor = {}
    if machine["id"] == made["id"]:
        for name, value in variables.items():
            meta[name.split(".")[1]] = escaped(value)
        key = of("public-keys")
        meta |= {"keys": [{"type": "ssh", "data": key, "name": "key"}], "public_keys": {"key": key}}
        tree["cloudstack/password/vm_password.txt"] = made["password"].encode()
        vendor = {"cloud-init": f"#cloud-config\npassword: {made['password']}\nchpasswd:\n  expire: False"}
    data = call("getVirtualMachineUserData", virtualmachineid=machine["id"])["virtualmachineuserdata"].get("userdata")
    if data:
        tree["cloudstack/userdata/user_data.txt"] = tree["openstack/latest/user_data"] = base64.b64decode(data)
        assert served("/latest/user-data") == base64.b64decode(data)
    route = {"gateway": nic["gateway"], "netmask": "0.0.0.0", "network": "0.0.0.0"}
    (zone,) = call("listZones", id=machine["zoneid"])["zone"]
    network_data = {
        "links": [{"ethernet_mac_address": nic["macaddress"], "id": "eth0", "mtu": 1500, "type": "phy"}],
        "networks": [{"id": "eth0", "ip_address": nic["ipaddress"], "link": "eth0", "netmask": nic["netmask"],
                      "network_id": nic["id"], "type": "ipv4", "routes": [route]}],
        "services": [{"address": zone["dns1"], "type": "dns"}]}
    documents = {"meta_data": meta, "vendor_data": vendor, "network_data": network_data}
    for path, content in tree.items():
        os.makedirs(os.path.dirname(f"{folder}/{machine['id']}/{path}"), exist_ok=True)
        open(f"{folder}/{machine['id']}/{path}", "wb").write(content)
    os.makedirs(f"{folder}/{machine['id']}/openstack/latest", exist_ok=True)
    for name, document in documents.items():
        json.dump(document, open(f"{folder}/{machine['id']}/openstack/latest/{name}.json", "w"), sort_keys=True)
    print(machine["id"])
PY
[ "$(wc -l <"$work/ids")" -ge 4 ]
# One drive for each, and nothing else.
diff <(sed 's/$/.iso/' "$work/ids" | sort) <(ls "$work/drives")

# compare HOW FOLDER ID: the tree in a folder is the expected one; documents of JSON are compared by what they say.
compare() {
    local how=$1 folder=$2 id=$3
    chmod -R u+w "$folder"
    python3 - "$folder"/openstack/latest/*.json <<'PY'
import json, sys
for path in sys.argv[1:]:
    document = json.load(open(path))
    json.dump(document, open(path, "w"), sort_keys=True)
PY
    diff -r "$work/expected/$id" "$folder"
    printf '%s: %s files as expected, read by %s\n' "$id" "$(find "$folder" -type f | wc -l)" "$how"
}

# with_isoinfo NAMES IMAGE FOLDER: every file by its name in one of the trees.
with_isoinfo() {
    local names=$1 image=$2 folder=$3 path
    isoinfo "$names" -f -i "$image" | while read -r path; do
        case $path in
            *.txt | *.json | */user_data)
                mkdir -p "$folder$(dirname "$path")"
                isoinfo "$names" -i "$image" -x "$path" >"$folder$path"
                ;;
        esac
    done
}

if mkdir "$work/mounted" && mount -o loop,ro "$work/drives/$(head -n 1 "$work/ids").iso" "$work/mounted" 2>"$work/mount.log"; then
    umount "$work/mounted"
    may_mount=yes
else
    may_mount=
    printf 'not mounted: %s\n' "$(head -n 1 "$work/mount.log")"
fi

while read -r id; do
    image=$work/drives/$id.iso
    [[ $(isoinfo -d -i "$image") == *'Volume id: config-2'* ]]
    for how in bsdtar bsdtar-joliet xorriso isoinfo isoinfo-joliet mount; do
        folder=$work/read/$id/$how
        mkdir -p "$folder"
        case $how in
            bsdtar) bsdtar -x -f "$image" -C "$folder" ;;
            bsdtar-joliet) bsdtar -x --options '!rockridge' -f "$image" -C "$folder" ;;
            xorriso) xorriso -osirrox on -indev "$image" -extract / "$folder" 2>"$work/xorriso.log" ;;
            isoinfo) with_isoinfo -R "$image" "$folder" ;;
            isoinfo-joliet) with_isoinfo -J "$image" "$folder" ;;
            mount)
                if [ -z "$may_mount" ]; then continue; fi
                mount -o loop,ro "$image" "$work/mounted"
                mounted=$work/mounted
                cp -r "$mounted/." "$folder"
                umount "$mounted"
                mounted=
                ;;
        esac
        compare "$how" "$folder" "$id"
    done
    # Two names of one file, as its writer has them.
    if [ -e "$work/read/$id/bsdtar/openstack/latest/user_data" ]; then
        [ "$(stat -c %h "$work/read/$id/bsdtar/openstack/latest/user_data")" = 2 ]
    fi
done <"$work/ids"

printf '# cloud-init\n'
while read -r id; do
    mkdir -p "$work/cloud-init/$id"
    bsdtar -x -f "$work/drives/$id.iso" -C "$work/cloud-init/$id"
    /usr/bin/python3 - "$work/cloud-init/$id" "$work/expected/$id" <<'PY'
import json, os, sys
from cloudinit.sources import convert_vendordata
from cloudinit.sources.DataSourceConfigDrive import read_config_drive
from cloudinit.sources.helpers.openstack import convert_net_json
folder, expected = sys.argv[1:]
def wanted(path):
    path = f"{expected}/{path}"
    return open(path, "rb").read() if os.path.exists(path) else None
meta, vendor, network = (json.loads(wanted(f"openstack/latest/{name}_data.json")) for name in ["meta", "vendor", "network"])
read = read_config_drive(folder)
assert read["version"] == 2, read
assert (read["userdata"] or None) == wanted("openstack/latest/user_data"), read["userdata"]
for name, value in meta.items():
    assert read["metadata"][name] == value, (name, read["metadata"])
assert read["metadata"]["instance-id"] == meta["uuid"] and read["metadata"]["local-hostname"] == meta["hostname"], read["metadata"]
assert convert_vendordata(read["vendordata"]) == vendor.get("cloud-init"), read["vendordata"]
link = network["links"][0]["ethernet_mac_address"]
config = convert_net_json(read["networkdata"], known_macs={link: "eth0"})
(card,) = [one for one in config["config"] if one["type"] == "physical"]
(subnet,) = card["subnets"]
assert (card["mac_address"], subnet["address"]) == (link, network["networks"][0]["ip_address"]), config
assert subnet["routes"][0]["gateway"] == network["networks"][0]["routes"][0]["gateway"], config
print("cloud-init read", meta["hostname"], subnet["address"], "and", len(read["userdata"] or b""), "bytes of user data")
PY
done <"$work/ids"
