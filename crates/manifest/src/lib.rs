//! The wire types of other people's formats, and the only place that knows them.
//!
//! [`read_file`] takes the text of a file (YAML with any number of documents; JSON is YAML) and gives
//! the domain types of the pure crates, or every problem that it found, each with its place.
//! Invariants: no field is accepted and ignored; nothing here reads a file, a clock or the network.

mod analysis;
mod analysis_run;
mod analysis_use;
mod auto;
mod base64;
mod blue_green;
mod canary;
mod change;
mod config;
mod container;
mod cut_over;
mod decision;
mod deployment;
mod document;
mod duration;
mod edit;
mod elsewhere;
mod emit;
mod env;
mod experiment;
mod experiment_analysis;
mod fields;
mod generate;
mod given;
mod image_map;
mod images;
mod job;
mod judge;
mod kayenta;
mod kayenta_config;
mod kayenta_result;
mod load;
mod mapping;
mod meta;
mod names;
mod node;
mod pod;
mod probe;
mod problem;
mod provider;
mod quantity;
mod query;
mod quoted;
mod reference;
mod repair;
mod report;
mod ring;
mod rollout;
mod routes;
mod routing;
mod scalar;
mod scale;
mod security;
mod selector;
mod service;
mod shadow;
mod step_experiment;
mod step_plugin;
mod suggest;
mod unrendered;
mod vendor;
mod volume;
mod walk;
mod workload_ref;
mod yaml;

pub use document::{Document, Reading, read, read_file, resource_of};
pub use edit::{
    EditError, template_of, with_image, with_restart_at, with_template, with_workload, workload_of,
};
pub use elsewhere::LeftAlone;
pub use emit::to_yaml;
pub use image_map::read_image_map;
pub use kayenta_config::read_canary_config;
pub use kayenta_result::canary_judge_result;
pub use problem::{Problem, Problems};
pub use reference::field_reference;
pub use tidegate_resource::{Kind, Resource};
pub use yaml::read_yaml;
