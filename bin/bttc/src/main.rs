//! bttc
fn main() {}
