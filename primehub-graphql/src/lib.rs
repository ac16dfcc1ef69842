//! primehub-graphql
