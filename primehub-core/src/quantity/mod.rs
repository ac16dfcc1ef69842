//! Exact quantities of resources.
