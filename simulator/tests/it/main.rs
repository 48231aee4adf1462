//! What the simulator promises from outside: its list of commands, clouds that start and stop, older
//! releases, clients of all kinds, zones that are built by calls, worlds that are saved,
//! guests of routers with their user data and config drives, the side door of test authors, what the README says of all
//! this, and that nothing found by fuzzing breaks it again.

mod cloud;
mod commands;
mod config_drive;
mod control;
mod corpus;
mod coverage;
mod dhcp;
mod directory;
mod disc;
mod dns;
mod families;
mod guests;
mod jobs;
mod listener;
mod program;
mod releases;
mod restart;
mod saved;
mod user_data;
mod zone;
