//! Any bytes as the answer of a server.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_conformance_fuzz::http(input));
