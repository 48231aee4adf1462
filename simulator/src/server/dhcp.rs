//! The socket of the routers' DHCP server: one for all of them, because hardware addresses tell guests apart.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{Site, complain, receive};
use crate::cloud::StartError;
use crate::config::DhcpPlace;
use crate::dhcp::{self, CLIENT_PORT, Destination, Memory, SERVER_PORT};

/// More than any client sends: a packet fills an Ethernet frame at most (RFC 2131 section 2).
const PACKET_BYTES: usize = 2048;

/// Opens the socket, serves until the cloud stops, and says where.
pub(super) fn serve(place: &DhcpPlace, site: &Site) -> Result<String, StartError> {
    let (open, name) = match place {
        DhcpPlace::Address(address) => (on_address(*address), address.to_string()),
        DhcpPlace::Interface(interface) => (on_interface(interface), interface.clone()),
    };
    let failed = |source| StartError::Dhcp { place: name.clone(), source };
    let socket = open.and_then(UdpSocket::from_std).map_err(failed)?;
    let said = match place {
        DhcpPlace::Address(_) => socket.local_addr().map_err(failed)?.to_string(),
        DhcpPlace::Interface(interface) => interface.clone(),
    };
    let is_direct = matches!(place, DhcpPlace::Address(_));
    tokio::spawn(answer_all(socket, is_direct, site.clone()));
    Ok(said)
}

fn on_address(address: SocketAddrV4) -> io::Result<std::net::UdpSocket> {
    let socket = std::net::UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn on_interface(interface: &str) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVER_PORT)).into())?;
    Ok(socket.into())
}

async fn answer_all(socket: UdpSocket, is_direct: bool, site: Site) {
    let mut stop = site.stop.clone();
    let mut memory = Memory::default();
    let mut buffer = [0; PACKET_BYTES];
    while let Some((length, peer)) = receive(&socket, &mut buffer, &mut stop, "the DHCP server").await {
        let reply = dhcp::answer(&site.shared.world(), &mut memory, &buffer[..length]);
        let Some(reply) = reply else { continue };
        let to = match reply.to {
            _ if is_direct => peer,
            Destination::Link => SocketAddr::from((Ipv4Addr::BROADCAST, CLIENT_PORT)),
            Destination::Client(address) => SocketAddr::from((address, CLIENT_PORT)),
            Destination::Relay(address) => SocketAddr::from((address, SERVER_PORT)),
        };
        if let Err(error) = socket.send_to(&reply.packet, to).await {
            complain(&format!("a DHCP answer to {to} was not sent: {error}"));
        }
    }
}
