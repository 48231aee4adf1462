//! Any conversation with the demo world.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_simulator_fuzz::answer(input));
