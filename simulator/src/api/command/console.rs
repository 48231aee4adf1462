//! Consoles of virtual machines: where a browser reaches the screen of a running one.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::reply::{Object, Reply};
use crate::world::virtual_machine::MachineState;

/// The port that the console proxy listens on for web sockets.
const PORT: &str = "8080";

pub(super) const COMMANDS: &[Behaviour] = &[Behaviour {
    name: "createConsoleEndpoint",
    run: |world, caller, arguments| {
        let id = arguments.id("virtualmachineid").unwrap_or_default();
        // What is refused is an answer, too.
        let refused = |details: String| {
            Ok(Reply::Object(Object::new().with("success", false).with("details", details)))
        };
        let Some(machine) = world.virtual_machines.get(id).filter(|row| caller.reaches(world, row.owner))
        else {
            return refused("Permission denied".to_owned());
        };
        let has_screen =
            matches!(machine.state, MachineState::Running | MachineState::Migrating | MachineState::Stopping);
        // The proxy has the second address of the zone; the first one is the storage machine's.
        let range = world.public_ranges.iter().find(|(_, range)| range.zone == machine.zone);
        let proxy =
            range.map(|(_, range)| std::net::Ipv4Addr::from(u32::from(range.start).saturating_add(1)));
        let Some(proxy) = proxy.filter(|_| has_screen) else {
            return refused(format!(
                "Unexpected exception in ConsoleAccessManager - vmId: {}, clientAddress: null",
                machine.uuid
            ));
        };
        let token = world.ids.console_token();
        let host = proxy.to_string();
        let socket = Object::named("websocket")
            .with("token", &token)
            .with("host", &host)
            .with("port", PORT)
            .with("path", "websockify");
        let url = format!(
            "http://{host}/resource/noVNC/vnc.html?autoconnect=true&show_dot=true&port={PORT}&token={token}"
        );
        let endpoint = Object::new().with("success", true).with("url", url).with("websocket", socket);
        Ok::<_, ApiError>(Reply::Object(endpoint))
    },
    ..Behaviour::PLAIN
}];
