//! What a guest sees of the cloud: the lease that its DHCP client wrote down.

pub mod lease;
