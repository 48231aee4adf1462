//! The figures that autoscaling knows from the start, oldest first, as the reference lists them
//! from the youngest.

use crate::world::kind::Kind;
use crate::world::register::{Fields, Stored};
use crate::world::{Owner, World};

/// A figure: its name, its source, what the source calls it.
type Figure = (&'static str, &'static str, &'static str);

const CPU: Figure = ("VM CPU - average percentage", "CPU", "vm.cpu.average.percentage");
const MEMORY: Figure = ("VM Memory - average percentage", "MEMORY", "vm.memory.average.percentage");
const RECEIVED: Figure =
    ("Public Network - mbps received per vm", "VIRTUALROUTER", "public.network.received.average.mbps");
const SENT: Figure =
    ("Public Network - mbps transmit per vm", "VIRTUALROUTER", "public.network.transmit.average.mbps");
const CONNECTIONS: Figure =
    ("Load Balancer - average connections per vm", "VIRTUALROUTER", "virtual.network.lb.average.connections");

/// Who supplies which figures.
const FIGURES: &[(&str, &[Figure])] = &[
    (
        "Netscaler",
        &[
            ("Response Time - microseconds", "NETSCALER", "RESPTIME"),
            ("Linux User RAM - percentage - native", "MEMORY", "1.3.6.1.4.1.2021.11.10.1"),
            ("Linux User CPU - percentage - native", "CPU", "1.3.6.1.4.1.2021.11.9.1"),
            ("Linux CPU Idle - percentage", "SNMP", "1.3.6.1.4.1.2021.11.11.0"),
            ("Linux System CPU - percentage", "SNMP", "1.3.6.1.4.1.2021.11.10.0"),
            ("Linux User CPU - percentage", "SNMP", "1.3.6.1.4.1.2021.11.9.0"),
        ],
    ),
    ("VirtualRouter", &[MEMORY, CPU]),
    ("None", &[MEMORY, CPU]),
    ("VpcVirtualRouter", &[CONNECTIONS, SENT, RECEIVED, MEMORY, CPU]),
    ("VirtualRouter", &[CONNECTIONS, SENT, RECEIVED]),
    ("Netris", &[MEMORY, CPU]),
];

/// Adds the figures to a fresh installation.
pub(super) fn install(world: &mut World) {
    for (provider, figures) in FIGURES {
        for (name, source, value) in *figures {
            let fields = [("source", *source), ("value", *value), ("provider", *provider)];
            let fields = Fields::from_iter(fields.map(|(field, text)| (field, Stored::from(text))));
            world.add_record(Kind::Counter, Owner::NOBODY, name, fields);
        }
    }
}
