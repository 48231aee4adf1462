//! x
pub mod catalog;
pub mod api {
    //! The management server.
    #[allow(dead_code, reason = "listApis will read it")]
    pub(crate) mod discovery;
}
