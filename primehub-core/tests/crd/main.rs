//! The custom resources: their definitions, and which objects the types read.
#![cfg(feature = "crd")]

mod definitions;
mod objects;
