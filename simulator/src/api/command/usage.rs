//! Usage. The server that writes usage records down is a program of its own, and does not run here.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::reply::{Object, Reply};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listUsageRecords",
        run: |_, _, arguments| {
            let (from, to) = (arguments.date("startdate"), arguments.date("enddate"));
            if let (Some(from), Some(to)) = (from, to)
                && from > to
            {
                return Err(ApiError::invalid(format!(
                    "Incorrect Date Range. Start date: {from} is after end date:{to}"
                )));
            }
            Ok(Reply::all(Vec::new()))
        },
        ..Behaviour::PLAIN
    },
    // Asks the program to do its work, which nobody hears.
    Behaviour { name: "generateUsageRecords", run: |_, _, _| Ok(Reply::SUCCESS), ..Behaviour::PLAIN },
    Behaviour {
        name: "removeRawUsageRecords",
        run: |_, _, arguments| {
            if arguments.integer("interval").is_none_or(|days| days <= 0) {
                return Err(ApiError::invalid(
                    "Invalid interval value. Interval to remove cloud_usage records should be greater than 0",
                ));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUsageTypes",
        run: |_, _, _| {
            let shown = |(id, name, description): &(i64, &'static str, &'static str)| {
                Object::new().with("id", *id).with("name", *name).with("description", *description)
            };
            Ok(Reply::all(TYPES.iter().map(shown).collect()))
        },
        ..Behaviour::PLAIN
    },
];

/// What is counted.
pub(super) const TYPES: &[(i64, &str, &str)] = &[
    (1, "RUNNING_VM", "Running Vm Usage"),
    (2, "ALLOCATED_VM", "Allocated Vm Usage"),
    (3, "IP_ADDRESS", "IP Address Usage"),
    (4, "NETWORK_BYTES_SENT", "Network Usage (Bytes Sent)"),
    (5, "NETWORK_BYTES_RECEIVED", "Network Usage (Bytes Received)"),
    (6, "VOLUME", "Volume Usage"),
    (7, "TEMPLATE", "Template Usage"),
    (8, "ISO", "ISO Usage"),
    (9, "SNAPSHOT", "Snapshot Usage"),
    (10, "SECURITY_GROUP", "Security Group Usage"),
    (11, "LOAD_BALANCER_POLICY", "Load Balancer Usage"),
    (12, "PORT_FORWARDING_RULE", "Port Forwarding Usage"),
    (13, "NETWORK_OFFERING", "Network Offering Usage"),
    (14, "VPN_USERS", "VPN users usage"),
    (21, "VM_DISK_IO_READ", "VM Disk usage(I/O Read)"),
    (22, "VM_DISK_IO_WRITE", "VM Disk usage(I/O Write)"),
    (23, "VM_DISK_BYTES_READ", "VM Disk usage(Bytes Read)"),
    (24, "VM_DISK_BYTES_WRITE", "VM Disk usage(Bytes Write)"),
    (25, "VM_SNAPSHOT", "VM Snapshot storage usage"),
    (26, "VOLUME_SECONDARY", "Volume on secondary storage usage"),
    (27, "VM_SNAPSHOT_ON_PRIMARY", "VM Snapshot on primary storage usage"),
    (28, "BACKUP", "Backup storage usage"),
    (29, "BUCKET", "Bucket storage usage"),
    (30, "NETWORK", "Network usage"),
    (31, "VPC", "VPC usage"),
];
