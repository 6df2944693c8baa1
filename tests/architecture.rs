//! The one-direction rule.
