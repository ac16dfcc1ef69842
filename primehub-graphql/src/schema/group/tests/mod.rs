//! What clients ask of groups, end to end on a store in memory.

mod changing;
mod creating;
mod deleting;
mod reading;
mod visibility;
