//! What the simulator promises from outside: its list of commands, clouds that start and stop.

mod cloud;
mod commands;
mod program;
