"""A simulator by its integration port, which needs no signature: for the scripts beside this file."""
import base64, json, urllib.parse, urllib.request

# No text: every byte, and what looks like a header behind them.
USER_DATA = bytes(range(256)) + b"\n#cloud-config\n"


class Cloud:
    def __init__(self, ready_line):
        self.ready = json.load(open(ready_line))

    def call(self, command, **parameters):
        query = urllib.parse.urlencode({"command": command, "response": "json", **parameters})
        return next(iter(json.load(urllib.request.urlopen(f"{self.ready['integration']}?{query}")).values()))

    def job(self, command, **parameters):
        reply = self.call("queryAsyncJobResult", jobid=self.call(command, **parameters)["jobid"])
        assert reply["jobstatus"] == 1, reply
        return reply["jobresult"]

    def deploy_with_everything(self, name, **more):
        """A machine behind 10.1.1.1 with user data that is no text, a key and a password."""
        network = next(n for n in self.call("listNetworks", listall="true")["network"] if n.get("gateway") == "10.1.1.1")
        template = next(t for t in self.call("listTemplates", templatefilter="all")["template"] if t["passwordenabled"])
        offering = self.call("listServiceOfferings")["serviceoffering"][0]
        owner = {"account": network["account"], "domainid": network["domainid"]}
        self.call("createSSHKeyPair", name=name, **owner)
        return self.job("deployVirtualMachine", zoneid=network["zoneid"], templateid=template["id"],
                        serviceofferingid=offering["id"], networkids=network["id"], name=name, keypair=name,
                        userdata=base64.b64encode(USER_DATA).decode(), **more, **owner)["virtualmachine"]
