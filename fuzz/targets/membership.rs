//! See `fuzz::membership`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::membership(bytes));
