//! The sockets of a router's resolver, by UDP and by TCP. The listener tells networks apart, as with the metadata.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Site, accept, complain, receive};
use crate::cloud::StartError;
use crate::dns;
use crate::world::table::Id;

/// More than any question has; a longer one is cut and no question any more.
const QUESTION_BYTES: usize = 1232;
/// How often a port is sought that is free for both protocols.
const ATTEMPTS: usize = 16;

/// Opens the resolver of a network's router on both protocols, and says where. Port 0 is any that both have free.
pub(super) async fn serve(
    network: Id,
    place: Ipv4Addr,
    port: u16,
    site: &Site,
) -> Result<(SocketAddr, [JoinHandle<()>; 2]), StartError> {
    let address = SocketAddr::new(IpAddr::V4(place), port);
    let failed = |source| StartError::Listen { what: "a resolver", address, source };
    let mut attempt = 1;
    let (streams, packets) = loop {
        let streams = TcpListener::bind(address).await.map_err(failed)?;
        let bound = streams.local_addr().map_err(failed)?;
        match UdpSocket::bind(bound).await {
            Ok(packets) => break (streams, packets),
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(failed(error)),
        }
    };
    let bound = streams.local_addr().map_err(failed)?;
    let by_packet = tokio::spawn(answer_packets(packets, network, site.clone()));
    let by_stream = tokio::spawn(accept(streams, site.clone(), move |stream, _, site| async move {
        // A client that goes away or takes too long is nobody's trouble.
        let _ = converse(stream, network, &site).await;
    }));
    Ok((bound, [by_packet, by_stream]))
}

async fn answer_packets(socket: UdpSocket, network: Id, site: Site) {
    let mut stop = site.stop.clone();
    let mut buffer = [0; QUESTION_BYTES];
    while let Some((length, peer)) = receive(&socket, &mut buffer, &mut stop, "a resolver").await {
        let answer = dns::answer(&site.shared.world(), network, &buffer[..length]);
        let Some(answer) = answer else { continue };
        if let Err(error) = socket.send_to(&answer, peer).await {
            complain(&format!("an answer about a name to {peer} was not sent: {error}"));
        }
    }
}

/// Answers questions, each behind its length in two bytes (RFC 1035 section 4.2.2), until the client goes.
async fn converse(mut stream: TcpStream, network: Id, site: &Site) -> io::Result<()> {
    loop {
        let length = timeout(site.patience.idle, stream.read_u16()).await??;
        let mut question = vec![0; usize::from(length)];
        timeout(site.patience.exchange, stream.read_exact(&mut question)).await??;
        let answer = dns::answer(&site.shared.world(), network, &question);
        let Some(answer) = answer else { continue };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let answer = [&length.to_be_bytes()[..], &answer].concat();
        timeout(site.patience.exchange, stream.write_all(&answer)).await??;
    }
}
