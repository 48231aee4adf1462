//! Questions and answers by UDP, where either may get lost: a question is asked again until its answer is there.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::ExchangeError;

/// How long an answer is waited for before the question is asked again.
const ANOTHER_TRY: Duration = Duration::from_secs(2);
/// More than a packet holds.
const PACKET: usize = 65_536;

/// A socket that speaks to one server.
#[derive(Debug)]
pub struct Datagram {
    socket: UdpSocket,
    server: String,
    deadline: Duration,
}

impl Datagram {
    /// Opens a socket to `ADDRESS:PORT`, from a local address if one is named.
    pub fn open(server: &str, source: Option<IpAddr>, deadline: Duration) -> Result<Self, ExchangeError> {
        let place: SocketAddr = server.parse().map_err(|_| ExchangeError::Address {
            url: server.to_owned(),
            reason: "it is not written ADDRESS:PORT".to_owned(),
        })?;
        let source = source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let socket = UdpSocket::bind((source, 0)).and_then(|socket| {
            socket.connect(place)?;
            Ok(socket)
        });
        let socket = socket.map_err(|source| ExchangeError::Connect { url: server.to_owned(), source })?;
        Ok(Self { socket, server: server.to_owned(), deadline })
    }

    /// Sends packets, in their order, until `read` makes something of an answer; what it makes nothing of is passed over.
    pub fn exchange<T>(
        &self,
        packets: &[Vec<u8>],
        mut read: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, ExchangeError> {
        let failed = |source| ExchangeError::Connect { url: self.server.clone(), source };
        let begun = Instant::now();
        let mut buffer = vec![0; PACKET];
        loop {
            for packet in packets {
                self.socket.send(packet).map_err(failed)?;
            }
            let asked = Instant::now();
            loop {
                let left = self.deadline.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    return Err(ExchangeError::Deadline { url: self.server.clone(), after: self.deadline });
                }
                let patience = ANOTHER_TRY.saturating_sub(asked.elapsed()).min(left);
                if patience.is_zero() {
                    break;
                }
                self.socket.set_read_timeout(Some(patience)).map_err(failed)?;
                match self.socket.recv(&mut buffer) {
                    Ok(length) => {
                        if let Some(found) = read(&buffer[..length]) {
                            return Ok(found);
                        }
                    }
                    Err(error) if is_too_late(&error) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        }
    }
}

/// Nothing came in time, or a signal did.
fn is_too_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_question_that_gets_lost_is_asked_again() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let place = server.local_addr().unwrap().to_string();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 16];
            server.recv_from(&mut buffer).unwrap();
            let (length, peer) = server.recv_from(&mut buffer).unwrap();
            server.send_to(b"nonsense", peer).unwrap();
            server.send_to(&buffer[..length], peer).unwrap();
        });
        let datagram = Datagram::open(&place, None, Duration::from_secs(60)).unwrap();
        let answer = datagram.exchange(&[b"question".to_vec()], |packet| {
            packet.starts_with(b"question").then(|| packet.to_vec())
        });
        assert_eq!(answer.unwrap(), b"question");
        answering.join().unwrap();
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let place = server.local_addr().unwrap().to_string();
        let datagram = Datagram::open(&place, None, Duration::from_millis(20)).unwrap();
        let error = datagram.exchange(&[vec![1]], |_| Some(())).unwrap_err();
        assert!(matches!(error, ExchangeError::Deadline { .. }), "{error}");
        assert!(Datagram::open("nowhere", None, Duration::from_secs(1)).is_err());
    }
}
