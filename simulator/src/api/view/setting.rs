//! Settings.

use crate::reply::Object;
use crate::world::World;
use crate::world::setting::{self, Scope};

/// A setting, with its value in a scope if one is asked for; `scope` is the word shown for it.
///
/// Of a setting that was never recorded, the name and the values are all that is shown.
#[must_use]
pub fn setting(world: &World, name: &str, scope: Option<Scope>, word: Option<&str>) -> Object {
    let value = world.settings.shown(name, scope);
    let Some(fact) = setting::fact(name) else {
        return Object::new()
            .with("name", name)
            .with("value", value)
            .with("defaultvalue", setting::default(name))
            .with("scope", word);
    };
    Object::new()
        .with("category", &fact.category)
        .with("group", &fact.group)
        .with("subgroup", &fact.subgroup)
        .with("name", &fact.name)
        .with("value", value)
        .with("defaultvalue", fact.default.as_deref())
        .with("scope", word)
        .with("description", fact.description.as_deref())
        .with("isdynamic", fact.dynamic)
        .with("component", &fact.component)
        .with("parent", fact.parent.as_deref())
        .with("displaytext", &fact.display_text)
        .with("type", &fact.value_type)
        .with("options", fact.options.as_deref())
}
