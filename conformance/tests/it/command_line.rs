//! The program: exit codes, messages, help, lists.

use std::{fs, process::Command};

use crate::{
    assert_approved,
    fake::{Fake, KEY, SECRET, Sin},
};

struct Ended {
    code: i32,
    output: String,
    errors: String,
}

fn conformance(arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudstack-conformance"));
    for variable in ["CLOUDSTACK_ENDPOINT", "CLOUDSTACK_KEY", "CLOUDSTACK_SECRET", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
    let ended = command.args(arguments).env("HOME", "/nonexistent").output().unwrap();
    Ended {
        code: ended.status.code().unwrap(),
        output: String::from_utf8(ended.stdout).unwrap(),
        errors: String::from_utf8(ended.stderr).unwrap(),
    }
}

fn judge(fake: &Fake, arguments: &[&str]) -> Ended {
    let target = ["--endpoint", &fake.endpoint, "--api-key", KEY, "--secret-key", SECRET];
    conformance(&[target.as_slice(), arguments].concat())
}

#[track_caller]
fn assert_refused(ended: &Ended, code: i32, words: &str) {
    assert_eq!(ended.code, code, "{}{}", ended.output, ended.errors);
    assert!(ended.errors.contains(words), "{}", ended.errors);
    assert!(
        ended.errors.starts_with("error: ") && ended.output.is_empty(),
        "{}{}",
        ended.output,
        ended.errors
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    assert_refused(&conformance(&["--no-such-flag"]), 2, "--no-such-flag");
    assert_refused(&conformance(&["--report", "pdf"]), 2, "pdf");
    assert_refused(&conformance(&["--endpoint", "cloud.example"]), 2, "could not use the endpoint");
    assert_refused(&conformance(&["--target", "/nonexistent.toml"]), 2, "could not read /nonexistent.toml");
    assert_refused(&conformance(&["--api-key", "x"]), 2, "could not tell which target");
    assert_refused(&conformance(&["--endpoint", "http://h/", "--profile", "core"]), 2, "--allow-changes");
    assert_refused(&conformance(&["--endpoint", "http://h/", "--check", "signing/wrong"]), 2, "did you mean");
    assert_refused(&conformance(&["explain", "nothing"]), 2, "could not find the check nothing");
}

#[test]
fn a_target_that_cannot_be_tested_is_3() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{nobody}/client/api");
    assert_refused(
        &conformance(&["--endpoint", &nobody, "--api-key", "k", "--secret-key", "s"]),
        3,
        "is it running",
    );
    assert_refused(&judge(&Fake::start(Sin::WebPage), &[]), 3, "could not find an API");
    assert_refused(&judge(&Fake::start(Sin::HangsUp), &[]), 3, "could not reach");
    let fake = Fake::start(Sin::None);
    assert_refused(&conformance(&["--endpoint", &fake.endpoint]), 3, "no API key");
    let ended = conformance(&["--endpoint", &fake.endpoint, "--api-key", KEY, "--secret-key", "wrong"]);
    assert_refused(&ended, 3, "refuses it with 401");
}

#[test]
fn nothing_to_judge_is_4() {
    assert_refused(
        &judge(&Fake::start(Sin::None), &["no-check-is-called-this"]),
        4,
        "no check of the profile",
    );
}

#[test]
fn a_verdict_is_0_or_1() {
    let honest = judge(&Fake::start(Sin::None), &["signing/"]);
    assert_eq!((honest.code, honest.errors.as_str()), (0, ""), "{}", honest.output);
    let sinful = judge(&Fake::start(Sin::AcceptsAnySignature), &["signing/"]);
    assert_eq!(sinful.code, 1, "{}", sinful.output);
    assert!(sinful.output.contains("FAIL  signing/wrong-secret  (must)"), "{}", sinful.output);
}

#[test]
fn known_deviations_decide() {
    let path = std::env::temp_dir().join(format!("conformance-known-{}.toml", std::process::id()));
    let check = |entry: &str, sin: Sin, code: i32| {
        fs::write(&path, entry).unwrap();
        let ended =
            judge(&Fake::start(sin), &["--known", path.to_str().unwrap(), "--check", "signing/wrong-secret"]);
        assert_eq!(ended.code, code, "{}{}", ended.output, ended.errors);
    };
    check("\"signing/wrong-secret\" = { reason = \"r\" }", Sin::AcceptsAnySignature, 0);
    check("\"signing/wrong-secret\" = { reason = \"r\" }", Sin::None, 1);
    check(
        "\"signing/wrong-secret\" = { reason = \"r\", until = \"2020-01-01\" }",
        Sin::AcceptsAnySignature,
        1,
    );
    check("\"signing/no-such-check\" = { reason = \"r\" }", Sin::None, 1);
    check("\"signing/wrong-secret\" = { }", Sin::None, 2);
    fs::remove_file(path).unwrap();
}

#[test]
fn reports_go_where_they_are_sent() {
    let path = std::env::temp_dir().join(format!("conformance-report-{}.json", std::process::id()));
    let kind = format!("json={}", path.display());
    let ended =
        judge(&Fake::start(Sin::None), &["--report", &kind, "--report", "tap", "signing/wrong-secret"]);
    assert!(
        ended.output.starts_with("TAP version 14\n1..1\nok 1 - signing/wrong-secret\n"),
        "{}",
        ended.output
    );
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(report["conclusion"], "conformant");
    fs::remove_file(path).unwrap();
}

#[test]
fn help_is_as_approved() {
    for (name, arguments) in [
        ("help", &["--help"] as &[&str]),
        ("explain", &["explain", "signing/wrong-secret"]),
        ("explain-rule", &["explain", "api-sig-003"]),
    ] {
        let ended = conformance(arguments);
        assert_eq!(ended.code, 0, "{}", ended.errors);
        assert_approved("cli", name, &ended.output);
    }
}

#[test]
fn the_list_has_every_check() {
    let ended = conformance(&["list"]);
    for check in cloudstack_conformance::checks::all() {
        assert!(ended.output.contains(check.id), "{}", check.id);
    }
    let requirements = conformance(&["requirements"]).output;
    let line = requirements.lines().find(|line| line.starts_with("API-SIG-040    must ")).unwrap();
    assert!(line.contains("signing/wrong-secret"), "{line}");
}

#[test]
fn the_doctor_tells_what_it_saw() {
    let fake = Fake::start(Sin::None);
    let ended =
        conformance(&["doctor", "--endpoint", &fake.endpoint, "--api-key", KEY, "--secret-key", SECRET]);
    assert_eq!(ended.code, 0, "{}", ended.output);
    assert!(ended.output.contains("ok: the key is accepted, the release is 4.22.0.0"), "{}", ended.output);
}

/// A file of our own with this text.
fn lease_file(name: &str, text: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("cloudstack-conformance-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A recorded lease file.
fn recorded_lease(name: &str) -> String {
    format!("{}/../fixtures/lease/{name}.leases", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_doctor_tells_where_a_lease_leads() {
    let fake = Fake::start(Sin::None);
    let doctor = |lease: &str, more: &[&str]| {
        let named = [
            "doctor",
            "--endpoint",
            &fake.endpoint,
            "--api-key",
            KEY,
            "--secret-key",
            SECRET,
            "--lease",
            lease,
        ];
        conformance(&[&named[..], more].concat())
    };
    let ordinary = recorded_lease("two-interfaces");
    let ended = doctor(&ordinary, &[]);
    let line = format!("ok: the lease file {ordinary} of dhclient leads to 10.1.1.1\n");
    assert!(ended.code == 0 && ended.output.contains(&line), "{}", ended.output);
    assert!(!ended.output.contains("note: "), "{}", ended.output);
    assert!(doctor(&ordinary, &["--interface", "eth1"]).output.contains(" leads to 10.1.2.1\n"));
    let missing = doctor(&ordinary, &["--interface", "eth2"]);
    let line = "it has no lease of the interface eth2, but of eth0 and eth1\nhint: name one of those with --interface\n";
    assert!(missing.code == 3 && missing.output.contains(line), "{}", missing.output);
    let hostile = doctor(&recorded_lease("hostile-strings"), &[]);
    let line = "note: scripts that read it by `grep dhcp-server-identifier | tail -1` find {\"\n";
    assert!(hostile.code == 0 && hostile.output.contains(line), "{}", hostile.output);
    let malformed = doctor(&recorded_lease("malformed-identifier"), &[]);
    let line =
        "malformed-identifier.leases has a malformed server identifier: the server must send option 54";
    assert!(malformed.code == 0 && malformed.output.contains(line), "{}", malformed.output);
    let unreadable = doctor("no/such/file", &[]);
    assert_eq!(unreadable.code, 3, "{}", unreadable.output);
    assert!(unreadable.output.contains("could not use the lease file no/such/file: it cannot be read ("));
}

#[test]
fn a_lease_alone_names_the_router() {
    for (name, text, message) in [
        ("empty", &b""[..], "it is empty\nhint: no DHCP server has answered yet; let the guest ask again\n"),
        ("binary", b"\x02\x00", "it is neither text nor a DHCP packet (byte 0)\nhint: name the file that"),
        ("nothing", b"HOME=/\n", "it has no IPv4 lease\nhint: name a file of dhclient, dhcpcd,"),
        ("silent", b"lease {\n}\n", "it names no DHCP server\nhint: the server must send option 54,"),
        ("torn", b"lease {\n", "it breaks off within its only lease\nhint: copy it again"),
    ] {
        let path = lease_file(name, text);
        let ended = conformance(&["--lease", &path]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(ended.code, 2, "{name}: {}", ended.errors);
        let expected = format!("error: could not find the router by the lease file {path}: {message}");
        assert!(ended.errors.starts_with(&expected), "{name}: {}", ended.errors);
    }
    // Nobody answers there, and the message says where we looked.
    let path = lease_file("leads", b"serverid='255.255.255.255'\n");
    let ended = conformance(&["doctor", "--lease", &path]);
    std::fs::remove_file(&path).unwrap();
    assert!(ended.output.contains("could not reach the router http://255.255.255.255"), "{}", ended.output);
    assert_eq!(ended.code, 3, "{}", ended.output);
}
