//! Whole-system tests, over HTTP and the command line.

#![cfg(test)]

mod access;
mod agency_response;
mod allocation;
mod architecture;
mod bad_fields;
mod bad_requests;
mod broken_rules;
mod cases;
mod checkpoints;
mod commands;
mod demo_data;
mod described;
mod documents;
mod erasure;
mod feed;
mod freshness;
mod idempotency;
mod instruments;
mod journal;
mod journeys;
mod licences;
mod linked_cases;
mod long_journey;
mod operators;
mod outage;
mod pages;
mod programmes;
mod published_tables;
mod reference;
mod referral_pipeline;
mod refused;
mod risk_disagreement;
mod risk_trajectory;
mod rules;
mod safe_contact;
mod service;
mod staff;
mod stale;
mod telemetry;
mod tenants;
mod tokens;
mod two_dates;
mod workload;
