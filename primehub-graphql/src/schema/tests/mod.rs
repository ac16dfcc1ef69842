//! What holds for every domain.

mod audit;
mod limits;
