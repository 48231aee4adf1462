"""What a user of apache-libcloud does: looks around, deploys a machine and waits, gives it a disk, takes both away."""

import os
from urllib.parse import urlsplit

from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState, Provider

endpoint = urlsplit(os.environ["CLOUDSTACK_ENDPOINT"])
cloud = get_driver(Provider.CLOUDSTACK)(
    os.environ["CLOUDSTACK_KEY"],
    os.environ["CLOUDSTACK_SECRET"],
    secure=False,
    host=endpoint.hostname,
    port=endpoint.port,
    path=endpoint.path,
)


def named(things, name):
    found = [thing for thing in things if thing.name == name]
    assert found, f"nothing is called {name}: {[thing.name for thing in things]}"
    return found[0]


location = named(cloud.list_locations(), "demo-zone")
size = named(cloud.list_sizes(), "Small Instance")
image = named(cloud.list_images(), "Debian 12")
network = named(cloud.ex_list_networks(), "front")
before = {node.id for node in cloud.list_nodes()}
assert before, "the demo cloud has machines"

node = cloud.create_node(
    name="by-libcloud", size=size, image=image, location=location, networks=[network], ex_start_vm=True
)
assert node.id not in before and node.state == NodeState.RUNNING, node
assert named(cloud.list_nodes(), "by-libcloud").private_ips, "a machine has an address"

assert cloud.ex_stop(node) == "Stopped"
assert cloud.ex_start(node) == "Running"
assert cloud.reboot_node(node)

volume = cloud.create_volume(5, "disk-by-libcloud", location=location)
assert named(cloud.list_volumes(), "disk-by-libcloud").size == 5 * 1024**3
assert cloud.attach_volume(node, volume)
assert named(cloud.list_volumes(node=node), "disk-by-libcloud").id == volume.id
assert cloud.detach_volume(volume)
assert cloud.destroy_volume(volume)

assert cloud.destroy_node(node, ex_expunge=True)
assert {node.id for node in cloud.list_nodes()} == before, "what was made is gone, and nothing else"
assert not [one for one in cloud.list_volumes() if one.name == "disk-by-libcloud"]
print("libcloud: looked around, deployed, stopped, started, rebooted, attached, detached and destroyed")
