//! Any request: query, form and headers become parameters.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_simulator_fuzz::parameters(input));
