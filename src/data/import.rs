//! The user's own pairs.
