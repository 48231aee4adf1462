//! What a guest sees of the cloud: what its router offers, and the lease that its DHCP client wrote down.

pub mod lease;
pub mod offer;
