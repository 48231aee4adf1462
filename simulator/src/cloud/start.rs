//! The world that a cloud starts with: of the program, of a world file, or saved, and what was asked for on top.

use std::path::Path;

use super::{StartError, real_now};
use crate::config::{Clock, Config};
use crate::world::World;
use crate::world::account::ADMIN;
use crate::world::{preset, saved};

/// The world as configured.
pub(super) fn make(config: &Config) -> Result<World, StartError> {
    if let Some(release) = config.release.filter(|release| !release.is_played()) {
        return Err(StartError::Unplayed(release));
    }
    let mut world = if is_saved(&config.world) { read_world(config)? } else { build_world(config)? };
    if config.admin_keys && world.users.get(ADMIN).is_some_and(|admin| admin.api_key.is_none()) {
        world.renew_keys(ADMIN);
    }
    if let Some(release) = config.release {
        world.play(release);
    }
    if let Some(pace) = config.pace {
        world.pace = pace;
    }
    let mut quirks = world.quirks;
    config.quirks.iter().for_each(|quirk| quirks.add(*quirk));
    for (name, value) in &config.settings {
        world.settings.set(name, value)?;
    }
    for (hostname, port) in &config.directories {
        world.add_directory_server(hostname, *port, None);
    }
    if !config.quirks.is_empty() {
        world.set_quirks(quirks);
    } else if !config.settings.is_empty() && !is_saved(&config.world) {
        // Routers of a fresh world know its settings; what a saved one's were not told of, they still do not know.
        world.tell_everything();
    }
    Ok(world)
}

/// Whether a world is named by the file that it was saved to.
fn is_saved(world: &str) -> bool {
    Path::new(world).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// A world that was saved. A virtual clock goes on where it was; a real one is looked at with every request.
fn read_world(config: &Config) -> Result<World, StartError> {
    let path = config.world.clone();
    if let Some(seed) = config.seed {
        return Err(StartError::Seed { seed, path });
    }
    let text = read_file(&path)?;
    let mut world = saved::load(&text).map_err(|source| StartError::Saved { path, source })?;
    // The port of the cloud that it was saved from; ours is named when it is open.
    world.settings.forget("integration.api.port");
    Ok(world)
}

/// A world of the program, or one of a file that says what is in it.
fn build_world(config: &Config) -> Result<World, StartError> {
    let now = match config.clock {
        Clock::Real => real_now(),
        Clock::Virtual => config.epoch,
    };
    let named =
        preset::NAMED.iter().find(|(name, _)| *name == config.world).map(|(_, text)| (*text).to_owned());
    let text = match named {
        Some(text) => text,
        None => read_file(&config.world)?,
    };
    Ok(preset::build(&config.world, &text, config.seed.unwrap_or(1), now)?)
}

fn read_file(path: &str) -> Result<String, StartError> {
    std::fs::read_to_string(path)
        .map_err(|error| StartError::WorldFile { path: path.to_owned(), reason: error.to_string() })
}
