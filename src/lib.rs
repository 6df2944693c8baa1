//! pgplumb applies ordered SQL migrations to PostgreSQL, rolls them back, and verifies the live catalog
//! against declarative checks.
//!
//! The modules below stand in dependency order: **a module uses only what stands above it**. A test reads
//! the `use crate::` lines and fails on an upward import. Only three of them touch the world: [`project`]
//! reads files, [`db`] talks to PostgreSQL, [`cli`] knows the terminal, the environment and exit codes.
//!
//! Data flows one way: files → [`migration::Set`]; database → [`history::Ledger`] and [`catalog::Catalog`];
//! both → [`plan::Plan`] → execution → catalog → [`check::Verdict`]s → [`report::Report`] → renderers.

// ── pure ──
pub mod redact;
pub mod source;
pub mod diagnostic;
pub mod sql;
pub mod migration;
pub mod catalog;
pub mod history;
pub mod plan;
pub mod proof;
pub mod audit;
pub mod isolation;
pub mod check;
pub mod preflight;
pub mod report;
// ── files ──
pub mod project;
// ── database ──
pub mod db;
// ── verbs ──
pub mod ops;
// ── terminal ──
pub mod cli;
