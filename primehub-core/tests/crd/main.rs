//! The custom resources: their definitions, and which objects the types read.
#![cfg(feature = "crd")]

#[cfg(test)]
mod definitions;
#[cfg(test)]
mod objects;
