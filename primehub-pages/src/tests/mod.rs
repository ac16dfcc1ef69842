//! The stylesheet as those find it who see little, and those whom motion makes dizzy.

mod colours;
