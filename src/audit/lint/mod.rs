//! One file a lint, with its test at its foot.

mod constraint_not_validated;
mod definer_public;
mod definer_search_path;
mod disabled_trigger;
mod duplicate_index;
mod foreign_key_without_index;
mod invalid_index;
mod materialized_view_bypasses_rls;
mod no_primary_key;
mod partition_without_rls;
mod policies_without_rls;
mod policy_always_true;
mod rls_not_forced;
mod rls_without_policies;
mod role_bypasses_rls;
mod view_bypasses_rls;

use super::Lint;

/// Every lint.
pub const LINTS: &[Lint] = &[
    rls_without_policies::LINT,
    policies_without_rls::LINT,
    rls_not_forced::LINT,
    role_bypasses_rls::LINT,
    partition_without_rls::LINT,
    policy_always_true::LINT,
    view_bypasses_rls::LINT,
    materialized_view_bypasses_rls::LINT,
    definer_search_path::LINT,
    definer_public::LINT,
    invalid_index::LINT,
    duplicate_index::LINT,
    foreign_key_without_index::LINT,
    constraint_not_validated::LINT,
    disabled_trigger::LINT,
    no_primary_key::LINT,
];

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = super::LINTS.iter().map(|lint| lint.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), super::LINTS.len());
    }
}
