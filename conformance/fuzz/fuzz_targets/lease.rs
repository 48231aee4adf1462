//! Any file as a guest's lease.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_conformance_fuzz::lease(input));
