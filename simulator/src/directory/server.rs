//! A small directory server: entries in memory, simple binds and searches, on a free port of the loopback interface.
//!
//! Refuses like OpenLDAP: a name without a password does not bind, and who has not bound finds nothing. Groups make the
//! attribute `memberOf` of their members. Passwords are compared as they stand in `userPassword` and never shown.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use ldap3_proto::LdapCodec;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult,
    LdapResultCode, LdapSearchRequest, LdapSearchResultEntry,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::{Decoder as _, Encoder as _};

use super::Entry;
use super::filter::{is_in_scope, is_same_name, matches};

/// The attribute that nobody gets to see.
const PASSWORD: &str = "userPassword";
/// The attribute that groups make.
const MEMBERSHIP: &str = "memberOf";
/// The attributes in which groups name their members.
const MEMBERS: [&str; 2] = ["uniqueMember", "member"];

/// A running directory. Dropping it stops it and frees its port.
#[derive(Debug)]
pub struct Directory {
    address: SocketAddr,
    entries: Arc<Mutex<Vec<Entry>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Directory {
    /// Starts a directory on a thread of its own.
    ///
    /// # Errors
    ///
    /// There is no free port or no thread.
    pub fn start(entries: Vec<Entry>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entries = Arc::new(Mutex::new(entries));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&entries);
        let thread = std::thread::Builder::new().name("directory".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(&listener, &shared) => {}
                    // A dropped sender means stop as well.
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, entries, stop: Some(stop), thread: Some(thread) })
    }

    /// The port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Takes the entry with this name out. Answers whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let mut entries = lock(&self.entries);
        let before = entries.len();
        entries.retain(|entry| !is_same_name(&entry.name, name));
        entries.len() != before
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(entries: &Mutex<Vec<Entry>>) -> MutexGuard<'_, Vec<Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: &TcpListener, entries: &Arc<Mutex<Vec<Entry>>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let entries = Arc::clone(entries);
                // A client that goes away, or talks nonsense, is its own business.
                tokio::spawn(async move { serve(stream, &entries).await.ok() });
            }
            // Out of descriptors: let others end before the next try.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Answers one connection until it is over.
async fn serve(mut stream: TcpStream, entries: &Mutex<Vec<Entry>>) -> io::Result<()> {
    let mut codec = LdapCodec::default();
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    let mut is_bound = false;
    stream.set_nodelay(true)?;
    loop {
        while let Some(message) = codec.decode(&mut input)? {
            let answers = match message.op {
                LdapOp::BindRequest(bind) => {
                    let result = bind_result(&lock(entries), &bind);
                    is_bound = result.code == LdapResultCode::Success && !bind.dn.is_empty();
                    vec![LdapOp::BindResponse(LdapBindResponse { res: result, saslcreds: None })]
                }
                LdapOp::SearchRequest(search) => search_answers(&lock(entries), &search, is_bound),
                LdapOp::UnbindRequest => return Ok(()),
                // Whoever asks for anything else has lost his way.
                _ => return Ok(()),
            };
            for answer in answers {
                codec.encode(LdapMsg::new(message.msgid, answer), &mut output)?;
            }
        }
        stream.write_all(&output).await?;
        output.clear();
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

fn result(code: LdapResultCode) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: String::new(), referral: Vec::new() }
}

fn bind_result(entries: &[Entry], bind: &LdapBindRequest) -> LdapResult {
    let LdapBindCred::Simple(password) = &bind.cred else {
        return result(LdapResultCode::AuthMethodNotSupported);
    };
    result(match (bind.dn.is_empty(), password.is_empty()) {
        (true, _) => LdapResultCode::Success,
        (false, true) => LdapResultCode::UnwillingToPerform,
        (false, false) => {
            let entry = entries.iter().find(|entry| is_same_name(&entry.name, &bind.dn));
            match entry.is_some_and(|entry| entry.values(PASSWORD).any(|value| value == password)) {
                true => LdapResultCode::Success,
                false => LdapResultCode::InvalidCredentials,
            }
        }
    })
}

fn search_answers(entries: &[Entry], search: &LdapSearchRequest, is_bound: bool) -> Vec<LdapOp> {
    if !is_bound {
        return vec![LdapOp::SearchResultDone(result(LdapResultCode::InsufficentAccessRights))];
    }
    if !entries.iter().any(|entry| is_same_name(&entry.name, &search.base)) {
        return vec![LdapOp::SearchResultDone(result(LdapResultCode::NoSuchObject))];
    }
    let mut answers: Vec<LdapOp> = entries
        .iter()
        .filter(|entry| is_in_scope(&search.scope, &search.base, &entry.name))
        .map(|entry| shown(entries, entry))
        .filter(|entry| matches(&search.filter, entry))
        .map(|entry| LdapOp::SearchResultEntry(chosen(entry, &search.attrs)))
        .collect();
    answers.push(LdapOp::SearchResultDone(result(LdapResultCode::Success)));
    answers
}

/// An entry as searches see it: with its memberships, without its password.
fn shown(entries: &[Entry], entry: &Entry) -> Entry {
    let mut seen = entry.clone();
    seen.attributes.retain(|(name, _)| !name.eq_ignore_ascii_case(PASSWORD));
    let groups: Vec<String> = entries
        .iter()
        .filter(|group| {
            MEMBERS.iter().any(|name| group.values(name).any(|member| is_same_name(member, &entry.name)))
        })
        .map(|group| group.name.clone())
        .collect();
    if !groups.is_empty() {
        seen.attributes.push((MEMBERSHIP.to_owned(), groups));
    }
    seen
}

/// The part of an entry that was asked for; all of it, if nothing or `*` was.
fn chosen(entry: Entry, wanted: &[String]) -> LdapSearchResultEntry {
    let all = wanted.is_empty() || wanted.iter().any(|name| name == "*");
    let is_wanted = |name: &str| all || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let attributes = entry
        .attributes
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(atype, values)| LdapPartialAttribute {
            atype,
            vals: values.into_iter().map(String::into_bytes).collect(),
        })
        .collect();
    LdapSearchResultEntry { dn: entry.name, attributes }
}
