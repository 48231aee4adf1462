//! Any parameters: canonical text, signature and comparison.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_simulator_fuzz::signature(input));
