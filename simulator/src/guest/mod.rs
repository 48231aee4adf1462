//! What a guest sees of the cloud: what its router offers, the lease that its DHCP client wrote down, and the drive that
//! tells it the same without a router.

pub mod config_drive;
pub mod lease;
pub mod offer;
