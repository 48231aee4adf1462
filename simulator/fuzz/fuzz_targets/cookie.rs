//! Any cookies: sessions are found, ended and never invented.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_simulator_fuzz::cookie(input));
