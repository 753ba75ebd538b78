//! stub
#[derive(Debug, Clone, PartialEq)]
pub struct RewardTable;
impl RewardTable { pub fn score(&self, _g: usize, _c: &[u32]) -> f32 { 0.0 } }
