//! One file a lint. What each finds and passes over on a real server stands in `tests/audit/<id>.sql`.

mod autovacuum_disabled;
mod constraint_not_enforced;
mod constraint_not_validated;
mod default_partition_filled;
mod default_privileges_open;
mod definer_public;
mod definer_search_path;
mod definer_search_path_temp;
mod definer_search_path_writable;
mod disabled_trigger;
mod duplicate_index;
mod extension_in_public;
mod extension_outdated;
mod foreign_key_disabled;
mod foreign_key_without_index;
mod foreign_table_without_rls;
mod grantee_bypasses_rls;
mod identity_behind;
mod identity_gap;
mod invalid_index;
mod materialized_view_bypasses_rls;
mod multiple_permissive_policies;
mod no_primary_key;
mod not_looked_at;
mod partition_without_rls;
mod partitions_end;
mod policies_without_rls;
mod policy_always_true;
mod policy_calls_per_row;
mod policy_ignores_row;
mod policy_open_when_unset;
mod policy_reads_all;
mod policy_reads_forbidden;
mod policy_recursion;
mod policy_widened;
mod redundant_index;
mod reg_type_column;
mod rls_not_forced;
mod rls_owner_exempt;
mod rls_without_policies;
mod role_bypasses_rls;
mod schema_writable;
mod sequence_near_end;
mod table_without_rls;
mod truncate_bypasses_rls;
mod unused_index;
mod view_bypasses_rls;

use super::Lint;

/// Every lint.
pub const LINTS: &[Lint] = &[
    rls_without_policies::LINT,
    policies_without_rls::LINT,
    table_without_rls::LINT,
    foreign_table_without_rls::LINT,
    rls_owner_exempt::LINT,
    rls_not_forced::LINT,
    role_bypasses_rls::LINT,
    grantee_bypasses_rls::LINT,
    partition_without_rls::LINT,
    truncate_bypasses_rls::LINT,
    policy_always_true::LINT,
    policy_reads_all::LINT,
    policy_ignores_row::LINT,
    policy_widened::LINT,
    multiple_permissive_policies::LINT,
    policy_reads_forbidden::LINT,
    policy_recursion::LINT,
    policy_calls_per_row::LINT,
    policy_open_when_unset::LINT,
    view_bypasses_rls::LINT,
    materialized_view_bypasses_rls::LINT,
    definer_search_path::LINT,
    definer_search_path_writable::LINT,
    definer_search_path_temp::LINT,
    definer_public::LINT,
    default_privileges_open::LINT,
    schema_writable::LINT,
    extension_in_public::LINT,
    extension_outdated::LINT,
    invalid_index::LINT,
    duplicate_index::LINT,
    redundant_index::LINT,
    unused_index::LINT,
    foreign_key_without_index::LINT,
    constraint_not_validated::LINT,
    constraint_not_enforced::LINT,
    disabled_trigger::LINT,
    foreign_key_disabled::LINT,
    no_primary_key::LINT,
    reg_type_column::LINT,
    autovacuum_disabled::LINT,
    sequence_near_end::LINT,
    identity_behind::LINT,
    identity_gap::LINT,
    partitions_end::LINT,
    default_partition_filled::LINT,
    not_looked_at::LINT,
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
