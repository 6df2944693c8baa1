//! Black-box tests: the real binary against real PostgreSQL servers that the tests start themselves.
//!
//! One binary for all of them, so that they link once and share a server.

mod support;
mod timeline;

mod account;
mod architecture;
mod audit;
mod browser;
mod cases;
mod chaos;
mod check_schema;
mod commands;
mod corpora;
mod examples;
mod generated;
mod histories;
mod isolation;
mod kinds;
mod layouts;
mod live;
mod preflight;
mod probes;
mod prove;
mod rehearse;
mod round_trips;
mod secrets;
mod shipped;
