//! Tags on things.

use super::{prelude::*, setup};
use crate::{check::Capability, wire::job::Job};

const TAGS: &[Capability] = &[Command("createNetwork"), Command("createTags"), Command("deleteTags")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tags/twice",
        level: Should,
        profile: Core,
        needs: TAGS,
        requirement: "A tag whose key the thing has fails in the job with 530, naming key and thing.",
        source: "TaggedResourceManagerImpl.java, seen on a running server",
        rules: &["REA-007"],
        run: |target| {
            let network = setup::us(target).network()?;
            tag(target, "createTags", "Network", &network)?.expect_success()?;
            let again = tag(target, "createTags", "Network", &network)?;
            again.expect_failure_text(530, &format!("tag {KEY} already on Network with id {network}"))
        },
    },
    Check {
        id: "tags/absent-ones",
        level: Should,
        profile: Core,
        needs: TAGS,
        requirement: "Deleting a tag that the thing does not have fails in the job with 530.",
        source: "DeleteTagsCmd.java, seen on a running server",
        rules: &["REA-007"],
        run: |target| {
            let network = setup::us(target).network()?;
            let job = tag(target, "deleteTags", "Network", &network)?;
            job.expect_failure_text(530, "Failed to delete tags")
        },
    },
    Check {
        id: "tags/unknown-type",
        level: Should,
        profile: Core,
        needs: TAGS,
        requirement: "A tag for an unknown type of thing fails in the job with 431.",
        source: "TaggedResourceManagerImpl.java, seen on a running server",
        rules: &["REA-007"],
        run: |target| {
            let network = setup::us(target).network()?;
            let job = tag(target, "createTags", "Teapot", &network)?;
            job.expect_failure_text(431, "Invalid resource type Teapot")
        },
    },
];

/// The key of the tags of these checks.
const KEY: &str = "conformance";

/// The job of a command about one tag of a thing, once it has ended.
fn tag(target: &Target, command: &str, kind: &str, id: &str) -> Result<Job, Stop> {
    let request = target.job(command).param("resourceids", id).param("resourcetype", kind);
    request.param("tags[0].key", KEY).param("tags[0].value", "yes").finish()
}
