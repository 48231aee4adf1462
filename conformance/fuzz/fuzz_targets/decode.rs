//! Any body: the JSON reader and the XML reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cloudstack_conformance_fuzz::decode(input));
