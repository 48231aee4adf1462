//! What an older release leaves out of its answers: fields that came later.
//!
//! Commands and parameters that came later are left out where they are looked up.

use crate::catalog::{Entity, Field};
use crate::release::Release;
use crate::reply::{Object, Reply, Value};

/// An answer of this response class as a release gives it.
#[must_use]
pub fn reply_in(release: Release, class: Entity, reply: Reply) -> Reply {
    if release == Release::NEWEST {
        return reply;
    }
    match reply {
        Reply::Object(object) => Reply::Object(object_in(release, class, object)),
        Reply::List { count, items } => Reply::List {
            count,
            items: items.into_iter().map(|item| object_in(release, class, item)).collect(),
        },
        Reply::Inline(object) => Reply::Inline(object_in(release, class, object)),
        other @ (Reply::Success(_) | Reply::Nothing) => other,
    }
}

/// An object of this response class as a release shows it. What the class does not declare stays.
#[must_use]
pub fn object_in(release: Release, class: Entity, mut object: Object) -> Object {
    if release == Release::NEWEST {
        return object;
    }
    object.fields.retain(|field| class.field(field.name).is_none_or(|fact| fact.is_in(release)));
    for field in &mut object.fields {
        let Some(nested) = class.field(field.name).and_then(Field::nested) else { continue };
        match &mut field.value {
            Value::Object(inner) => **inner = object_in(release, nested, std::mem::take(inner)),
            Value::Objects(inner) => {
                for object in inner {
                    *object = object_in(release, nested, std::mem::take(object));
                }
            }
            _ => {}
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn fields_that_came_later_are_left_out() {
        let class = catalog::entity("UserResponse").expect("a class of the catalogue");
        let user = || Object::new().with("id", "1").with("apikeyaccess", "Inherit").with("unheardof", 1);
        assert_eq!(object_in(Release::NEWEST, class, user()), user());
        let older = object_in(Release::new(20, 0), class, user());
        assert_eq!(older, Object::new().with("id", "1").with("unheardof", 1));
    }

    #[test]
    fn so_are_those_of_nested_objects() {
        let class = catalog::entity("AccountResponse").expect("a class of the catalogue");
        let user = Object::new().with("id", "1").with("apikeyaccess", "Inherit");
        let account = Reply::all(vec![Object::new().with("user", vec![user])]);
        let older = Object::new().with("user", vec![Object::new().with("id", "1")]);
        assert_eq!(reply_in(Release::new(18, 0), class, account), Reply::all(vec![older]));
    }
}
