//! What a network costs: its first catching up, and idling, by the number of its hubs.
//!
//! - [`measure`] lets a network of a size fill, and measures.
//! - [`chart`] draws how the figures grow.

pub mod chart;
pub mod measure;
